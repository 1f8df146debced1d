// `WebSocketError`, why a `WebSocketStream` was closed or is to be.
'use strict';

const { checkClose } = require('./constructor.js');
const { defineInterface, dictionary, enforcedShort, usvString } = require('./webidl.js');

/** Said instead of a dictionary: what a connection has told need not be what a program may say. */
const OURS = Symbol('ours');

/** What the next error of ours is made with. */
let nextClose;

class WebSocketError extends DOMException {
  #closeCode;
  #reason;

  constructor(message = '', init = undefined) {
    super(`${message}`, 'WebSocketError');
    // Some releases of Node.js make any subclass a plain DOMException.
    Object.setPrototypeOf(this, new.target.prototype);
    const { closeCode, reason } = init === OURS ? nextClose : closeInfo(init);
    if (init !== OURS) checkClose(closeCode, reason);
    this.#closeCode = closeCode ?? (reason === '' ? null : 1000);
    this.#reason = reason;
  }

  get closeCode() {
    return this.#closeCode;
  }

  get reason() {
    return this.#reason;
  }
}

defineInterface(WebSocketError, ['closeCode', 'reason']);

/** A `WebSocketCloseInfo`: a code, perhaps, and a reason. */
function closeInfo(value) {
  const { closeCode, reason } = dictionary(value, 'closeInfo');
  return {
    closeCode: closeCode === undefined ? undefined : enforcedShort(closeCode, 'closeCode'),
    reason: reason === undefined ? '' : usvString(reason),
  };
}

/** The error of a connection that ended with this code and reason. */
function errorOfClose(message, closeCode, reason) {
  nextClose = { closeCode, reason };
  return new WebSocketError(message, OURS);
}

module.exports = { WebSocketError, closeInfo, errorOfClose };
