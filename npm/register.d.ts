/**
 * The platform's modules, for programs that import them as on OpenHarmony:
 * `"types": ["arkws/register"]` in `tsconfig.json`, or `/// <reference types="arkws/register" />`.
 */

/** API level 10 by default. */
declare module '@ohos.net.webSocket' {
  import { webSocket } from 'arkws';
  export default webSocket;
}

/** API level 26 by default. */
declare module '@kit.NetworkKit' {
  export { webSocket } from 'arkws';
}

declare module '@ohos.base' {
  export { AsyncCallback, BusinessError, Callback, ErrorCallback } from 'arkws';
}

declare module '@kit.BasicServicesKit' {
  export { AsyncCallback, BusinessError, Callback, ErrorCallback } from 'arkws';
}
