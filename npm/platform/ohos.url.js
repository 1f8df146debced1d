// `@ohos.url`, on Node.js's URL, which keeps to the same standard.
'use strict';

const { BusinessError } = require('../lib');

function wrong(call, reason) {
  return new BusinessError(401, `Parameter error: url.${call}: ${reason}`);
}

class URLParams extends globalThis.URLSearchParams {
  constructor(init) {
    try {
      super(init);
    } catch (cause) {
      throw wrong('URLParams', cause.message);
    }
  }
}

class URL extends globalThis.URL {
  constructor(url, base) {
    if (typeof url !== 'string') throw wrong('URL', `a ${typeof url} is no URL`);
    if (base !== undefined && typeof base !== 'string' && !(base instanceof globalThis.URL))
      throw wrong('URL', `a ${typeof base} is no base`);
    try {
      super(url, base);
    } catch {
      throw new BusinessError(10200002, `Invalid url string: '${url}'`);
    }
    // The same object, by its newer name.
    Object.setPrototypeOf(this.searchParams, URLParams.prototype);
  }

  static parseURL(url, base) {
    return new URL(url, base);
  }

  get params() {
    return this.searchParams;
  }
}

const url = { URL, URLParams, URLSearchParams: URLParams };

module.exports = url;
// The platform exports a default only.
module.exports.default = url;
