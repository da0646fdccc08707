import { isLoopback } from '../api/address';

/** Networks that the internet does not route to. */
const PRIVATE_IPV4 =
  /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/** Unspecified, loopback, unique local, link-local. */
const PRIVATE_IPV6 = /^(::1?$|f[cd]|fe[89ab])/;

/** Names that only a local network knows. */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|internal|lan|home|home\.arpa|intranet)$/;

/**
 * The host of a webhook URL where iTeraBiz cannot reach it from the internet, or `undefined` where
 * it can, as far as an address tells. Nothing is asked of the network.
 *
 * @param apiUrl base URL of the API; one on this machine reaches everything that this machine does
 * @throws {TypeError} when one of the two is no URL
 */
export function unreachableHost(webhookUrl: string, apiUrl: string): string | undefined {
  const { hostname } = new URL(webhookUrl);
  return isPrivate(hostname) && !isLoopback(new URL(apiUrl).hostname) ? hostname : undefined;
}

function isPrivate(host: string): boolean {
  // As `URL` spells IPv4 within IPv6: in two hexadecimal groups.
  const mapped = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(host);
  if (mapped) {
    const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
    return PRIVATE_IPV4.test([high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  if (host.startsWith('[')) return PRIVATE_IPV6.test(host.slice(1, -1));
  if (/^[\d.]+$/.test(host)) return PRIVATE_IPV4.test(host);
  return LOCAL_NAME.test(host.replace(/\.$/, ''));
}
