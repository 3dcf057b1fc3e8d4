/** Ways to write an internal address, each with what a resolver would say of it if it is a name. */

export interface HostileHost {
  readonly host: string
  /** Null: a literal, which nobody looks up. */
  readonly resolvesTo: string | null
}

const INTERNAL = [
  '127.0.0.1',
  '127.1.2.3',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.254',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  // Containers of one cloud, and the time service of its machines.
  '169.254.170.2',
  '192.168.65.2'
]

const FULL_WIDTH_ZERO = '０'.charCodeAt(0)
const CIRCLED = ['⓪', '①', '②', '③', '④', '⑤', '⑥', '⑦', '⑧', '⑨']
const MATHEMATICAL_ZERO = '𝟎'.codePointAt(0) ?? 0
const SOFT_HYPHEN = '\u00ad'
const digitsOf = (address: string, digit: (value: number) => string): string => address.replaceAll(/[0-9]/g, each => digit(Number(each)))
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

function literals(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  const value = ((a * 256 + b) * 256 + c) * 256 + d
  const [high, low] = [hex(a * 256 + b, 4), hex(c * 256 + d, 4)]
  return [
    address,
    `${address}.`,
    String(value),
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
    [a, b, c, d].map(each => `0x${each.toString(16)}`).join('.'),
    [a, b, c, d].map(each => `0${each.toString(8)}`).join('.'),
    [a, b, c, d].map(each => `000${each.toString(8)}`).join('.'),
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `0x${a.toString(16)}.${b}.0${(c * 256 + d).toString(8)}`,
    digitsOf(address, each => String.fromCharCode(FULL_WIDTH_ZERO + each)),
    digitsOf(address, each => CIRCLED[each] ?? ''),
    digitsOf(address, each => String.fromCodePoint(MATHEMATICAL_ZERO + each)),
    address.replaceAll('.', '｡'),
    address.replaceAll('.', `${SOFT_HYPHEN}.`),
    `${a}.${b}.0x${hex(c * 256 + d, 4)}`,
    address.replaceAll('.', '。'),
    address.replaceAll('.', '．'),
    [...address].map(each => `%${hex(each.charCodeAt(0), 2)}`).join(''),
    `[::ffff:${address}]`,
    `[::ffff:${high}:${low}]`,
    `[0:0:0:0:0:ffff:${high}:${low}]`,
    `[::${address}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${address}]`,
    `[2002:${high}:${low}::1]`,
    `[2001:0:4136:e378:8000:63bf:${hex(0xffff - (a * 256 + b), 4)}:${hex(0xffff - (c * 256 + d), 4)}]`,
    `[fe80::5efe:${address}]`
  ]
}

const IPV6 = [
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[2001:10::1]',
  '[2001:20::1]',
  '[3fff::1]',
  '[5f00::1]',
  '[100::1]',
  '[::ffff:0:0]',
  '[fe80::1%25eth0]',
  '[fe90::1]',
  '[febf:ffff::1]',
  '[ff05::1:3]',
  '[fdff:ffff::1]',
  '[2001::1]',
  '[2001:2::1]',
  '[64:ff9b::1]',
  '[4000::1]',
  '[::127.0.0.1]'
]

const names = (address: string): string[] => [
  `${address}.nip.io`,
  `${address.replaceAll('.', '-')}.sslip.io`,
  `ip-${address.replaceAll('.', '-')}.eu-west-1.compute.example.com`,
  `app.${address}.nip.io`,
  `app-${address.replaceAll('.', '-')}.nip.io.`,
  `${address.split('.').toReversed().join('.')}.in-addr.arpa`
]

const INTERNAL_NAMES = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  'app.localhost.',
  'ⓛocalhost',
  'ｌｏｃａｌｈｏｓｔ',
  'localhost.localdomain',
  'metadata.google.internal',
  'metadata.google.internal.',
  'kahub.local',
  'router.home.arpa',
  'router.lan',
  'intranet',
  'metadata',
  'local%68ost',
  'loc\u00adalhost',
  'ip6-localhost',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'host.docker.internal',
  'kubernetes.default.svc.cluster.local',
  'kahub.local.',
  'db.corp',
  'printer.home',
  'nas.localdomain',
  'secret.onion',
  '1.0.0.127.in-addr.arpa'
]

/** Names that say nothing: only looking them up shows where they lead. */
export const LEADING_NAMES: readonly HostileHost[] = INTERNAL.map((address, n) => ({ host: `hook-${n}.example.com`, resolvesTo: address }))

export const HOSTILE_HOSTS: readonly HostileHost[] = [
  ...INTERNAL.flatMap(literals).map(host => ({ host, resolvesTo: null })),
  ...IPV6.map(host => ({ host, resolvesTo: null })),
  ...INTERNAL.flatMap(address => names(address).map(host => ({ host, resolvesTo: address }))),
  ...INTERNAL_NAMES.map(host => ({ host, resolvesTo: '127.0.0.1' }))
]

/** URLs that are refused whatever their host. */
export const HOSTILE_URLS: readonly string[] = [
  'http://shop.example.com/hook',
  'ftp://shop.example.com/hook',
  'file:///etc/passwd',
  'gopher://shop.example.com/_hook',
  'javascript:alert(1)',
  'https://user@shop.example.com/hook',
  'https://user:secret@shop.example.com/hook',
  'https://:secret@shop.example.com/hook',
  'https://@shop.example.com/hook',
  'https://shop.example.com@127.0.0.1/hook',
  'https://shop.example.com:22/hook',
  'https://shop.example.com:25/hook',
  'https://shop.example.com:80/hook',
  'https://shop.example.com:3306/hook',
  'https://shop.example.com:5432/hook',
  'https://shop.example.com:6379/hook',
  'https://shop.example.com:65536/hook',
  'https://shop.example.com/hook#part',
  'https://shop.example.com\\@127.0.0.1/hook',
  'https:\\\\127.0.0.1/hook',
  'https:127.0.0.1/hook',
  'https:/127.0.0.1/hook',
  'https://127.0.0.1\\.example.com/hook',
  'https://127.0.0.1?.example.com/hook',
  'https://127.0.0.1#.example.com/hook',
  'https://127.0.0.1:443:80/hook',
  'https://[::1/hook',
  'https://[fe80::1%eth0]/hook',
  'https://256.256.256.256/hook',
  'https://0x100000000/hook',
  'https://shop.example.com\r\nhost: 127.0.0.1/hook',
  'https://shop.example.com\u0001.example.org/hook',
  'https://shop.example.com/hook\u2028',
  'https://shop.example.com%00.example.org/hook',
  'https://shop.example.com:0/hook',
  'https://shop.example.com:9200/hook',
  'https://%6c%6f%63%61%6c%68%6f%73%74/hook',
  'view-source:https://shop.example.com/hook',
  'data:text/plain,hook',
  'dict://127.0.0.1:6379/info',
  'ldap://shop.example.com/hook',
  'ws://shop.example.com/hook',
  'wss://shop.example.com/hook',
  'blob:https://shop.example.com/hook',
  'HTTP://shop.example.com/hook',
  'https:///127.0.0.1/hook',
  'https://shop.example.com\t/hook',
  'https://shop.example.com/ho\nok',
  ' https://shop.example.com/hook',
  'https://127.0.0.1%2f@shop.example.com/hook',
  'https://',
  'https:// /hook',
  '//shop.example.com/hook',
  'shop.example.com/hook'
]
