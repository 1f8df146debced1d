// The package for `require`: the documentation's namespace, and arkws's own calls beside it.
'use strict';

const {
  BusinessError,
  getApiVersion,
  makeModule,
  networkChanged,
  setApiVersion,
  setPolicy,
} = require('./lib');

const webSocket = makeModule('arkws');

module.exports = {
  ...webSocket,
  webSocket,
  default: webSocket,
  BusinessError,
  getApiVersion,
  networkChanged,
  setApiVersion,
  setPolicy,
};
