/**
 * Which addresses belong to the public internet. All others are someone's own: this machine, its network, the services of a
 * cloud, or ways around to them (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
 */
import { BlockList, isIP } from 'node:net';
import { makeError } from '../errors.js';

const SPECIAL_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24'],
  ...['192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // Azure's service for its machines, which is reached from inside only.
  '168.63.129.16/32',
];

/** All that was ever given to anyone. What is outside holds IPv4 addresses, local networks and groups. */
const GLOBAL_V6 = ['2000::/3'];
/** Within it: tunnels that hold IPv4 addresses, tests, examples. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const SPECIAL = blockList([...SPECIAL_V4, ...SPECIAL_V6]);
const GLOBAL = blockList(GLOBAL_V6);

export class Networks {
  readonly #own: BlockList;

  /** `own`: networks, such as 10.1.0.0/16, that may be reached as well. Throws ERR_OPTION_RANGE, which names `option`. */
  constructor(own: readonly string[], option: string) {
    const bad = own.find((one) => parse(one) === undefined);
    if (bad !== undefined) {
      const expected = 'networks such as 10.1.0.0/16, or addresses';
      throw makeError('ERR_OPTION_RANGE', `option ${option} is "${bad}", expected ${expected}`, {
        ...{ name: option, found: `"${bad}"`, expected },
      });
    }
    this.#own = blockList(own);
  }

  /** Whether a server may call this address. */
  mayReach(address: string): boolean {
    const version = isIP(address);
    // One with a zone is of the own network.
    if (version === 0 || address.includes('%')) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (this.#own.check(address, family)) return true;
    return !SPECIAL.check(address, family) && (version === 4 || GLOBAL.check(address, family));
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const one of networks) {
    const [address, bits, family] = parse(one) as Network;
    list.addSubnet(address, bits, family);
  }
  return list;
}

type Network = readonly [address: string, bits: number, family: 'ipv4' | 'ipv6'];

function parse(network: string): Network | undefined {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  if (version === 0 || Number(bits ?? 0) > most) return undefined;
  return [address, Number(bits ?? most), version === 6 ? 'ipv6' : 'ipv4'];
}
