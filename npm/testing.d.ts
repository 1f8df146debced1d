/**
 * `arkws/testing`: what a test can do to the platform that the program sees.
 */

/** What a network is: `NetCapabilities` of `@ohos.net.connection`. */
export interface NetworkCapabilities {
  /** Numbers of `connection.NetBearType`. Default: `[1]`, Wi-Fi. */
  bearerTypes?: number[];
  /** Numbers of `connection.NetCap`. Default: `[11, 12, 15, 16]`, an internet that works. */
  networkCap?: number[];
  /** In kbit/s. Default: left out. */
  linkUpBandwidthKbps?: number;
  /** In kbit/s. Default: left out. */
  linkDownBandwidthKbps?: number;
}

/**
 * The network that `@ohos.net.connection` tells of, in this thread. At first there is one. Sockets
 * are not cut: what the program does about the news is what is tested.
 */
export const network: {
  /** There is no network: registered connections get `netLost`. Nothing, if there is none. */
  lose(): void;
  /**
   * There is another network, with a number of its own: registered connections get `netAvailable`
   * and `netCapabilitiesChange`. If there is one still, `netLost` comes first. Clients that wait to
   * reconnect try soon.
   *
   * `restore({ bearerTypes: [connection.NetBearType.BEARER_CELLULAR] })` is a handover.
   */
  restore(capabilities?: NetworkCapabilities): void;
};
