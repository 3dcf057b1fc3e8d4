import { readFileSync, statSync } from 'node:fs'

/** The unprivileged account that PostgreSQL runs under when we are root, which it refuses to be. */
export interface Account {
  uid: number
  gid: number
}

// Present on every Debian, Red Hat and macOS; none is created.
const CANDIDATES = ['postgres', '_postgres', 'nobody']

function lookUp(name: string, passwd: string): Account | undefined {
  const line = passwd.split('\n').find(entry => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return Number(uid) > 0 ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/**
 * Undefined when we are no root and may run PostgreSQL as ourselves. Existing data decides, so that a data directory
 * made by an ordinary user stays his when root starts kahub once.
 */
export function accountFor(clusterDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const existing = statSync(clusterDir, { throwIfNoEntry: false })
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid }
  const passwd = readFileSync('/etc/passwd', 'utf8')
  for (const name of CANDIDATES) {
    const account = lookUp(name, passwd)
    if (account) return account
  }
  throw new Error(`PostgreSQL does not run as root and none of the accounts ${CANDIDATES.join(', ')} exists.`)
}
