// `@kit.PerformanceAnalysisKit`: its log.
'use strict';

exports.hilog = require('./ohos.hilog.js').default;
