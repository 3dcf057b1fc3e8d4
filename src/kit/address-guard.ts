/**
 * Which addresses belong to the public internet. What is not known to be public is refused: addresses of this machine, of private
 * networks and of cloud metadata, and the IPv6 forms that carry an IPv4 address inside (mapped, 6to4, NAT64, Teredo).
 */
import { BlockList, isIP } from 'node:net'

const NOT_PUBLIC_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Azure's metadata and health service has a public address that only its own machines reach.
  ['168.63.129.16', 32]
]
const GLOBAL_UNICAST_IPV6: readonly [string, number] = ['2000::', 3]
const NOT_PUBLIC_IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20]
]

const refused = new BlockList()
for (const [network, prefix] of NOT_PUBLIC_IPV4) refused.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of NOT_PUBLIC_IPV6) refused.addSubnet(network, prefix, 'ipv6')
const globalUnicast = new BlockList()
globalUnicast.addSubnet(...GLOBAL_UNICAST_IPV6, 'ipv6')

/** Of an IPv4 or IPv6 address in its usual form; anything else is not public. */
export function isPublicAddress(address: string): boolean {
  switch (address.includes('%') ? 0 : isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4')
    case 6:
      return globalUnicast.check(address, 'ipv6') && !refused.check(address, 'ipv6')
    default:
      return false
  }
}

/** Names that by agreement never lead to the public internet. */
const INTERNAL_NAME = /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|lan|home|arpa|test|invalid|onion)$/
/** `10.0.0.1.nip.io`, `ip-10-0-0-1.example.com`: names that are made to lead to the address in them. */
const ADDRESS_IN_NAME = /(?:^|[.-])(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})(?=[.-]|$)/

/**
 * True if the host of a URL is certainly not public: a literal, or a name that says so. `hostname` is as `new URL` gives it, which
 * has turned decimal, octal, hexadecimal and full-width spellings into the usual one. A name may still lead to an internal address:
 * that is seen when it is looked up.
 */
export function isInternalHost(hostname: string): boolean {
  const host = hostname.replace(/\.+$/, '').toLowerCase()
  const literal = host.startsWith('[') ? host.slice(1, -1) : host
  if (isIP(literal) !== 0 || host.startsWith('[')) return !isPublicAddress(literal)
  if (!host.includes('.') || INTERNAL_NAME.test(host)) return true
  const embedded = ADDRESS_IN_NAME.exec(host)?.slice(1).map(Number).join('.')
  return embedded !== undefined && isIP(embedded) === 4 && !isPublicAddress(embedded)
}
