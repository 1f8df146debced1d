/** The native half of arkws, for its other half. Apps import `arkws`. */
declare const native: object;
export default native;
