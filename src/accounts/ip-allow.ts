/** Allow lists of addresses: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. */
import { BlockList, isIP } from 'node:net'

interface IpRange {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

const RANGE = /^([0-9A-Fa-f.:]+)(?:\/(0|[1-9][0-9]{0,2}))?$/

/** Null if the text is neither an address nor a CIDR range. */
export function parseIpRange(text: string): IpRange | null {
  const [, address = '', prefixText] = RANGE.exec(text) ?? []
  const version = isIP(address)
  if (version === 0) return null
  const bits = version === 4 ? 32 : 128
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  return prefix > bits ? null : { address, prefix, family: familyOf(version) }
}

/** Built once for a key and asked at each request; an IPv4 address in IPv6 notation counts as IPv4. */
export function ipMatcher(ranges: readonly string[]): (ip: string) => boolean {
  const list = new BlockList()
  for (const text of ranges) {
    const range = parseIpRange(text)
    if (range !== null) list.addSubnet(range.address, range.prefix, range.family)
  }
  return ip => {
    const address = ip.split('%', 1)[0] ?? ''
    const version = isIP(address)
    return version !== 0 && list.check(address, familyOf(version))
  }
}

const familyOf = (version: number): 'ipv4' | 'ipv6' => (version === 4 ? 'ipv4' : 'ipv6')
