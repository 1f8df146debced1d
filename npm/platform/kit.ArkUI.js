// `@kit.ArkUI`: of ArkUI there is but the decorator that programs import, which does nothing.
'use strict';

exports.Type = require('../hooks/globals.js').Type;
