// What the app uses of the platform, as the SDK of OpenHarmony declares it.
declare const console: {
  log(message: string): void;
  info(message: string): void;
  error(message: string): void;
};
declare const Observed: ClassDecorator;

declare module '@ohos.base' {
  export interface Callback<T> {
    (data: T): void;
  }
  export interface ErrorCallback<T extends Error = BusinessError> {
    (err: T): void;
  }
  export interface AsyncCallback<T, E = void> {
    (err: BusinessError<E>, data: T): void;
  }
  export interface BusinessError<T = void> extends Error {
    code: number;
    data: T;
  }
}

declare module '@kit.BasicServicesKit' {
  export { AsyncCallback, BusinessError, Callback, ErrorCallback } from '@ohos.base';
}
