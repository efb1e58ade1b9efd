declare module 'proxy-from-env' {
  /** Address of the proxy for `url`; empty when there is none. */
  export function getProxyForUrl(url: string): string;
}
