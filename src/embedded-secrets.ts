/** In embedded mode the operator key and the master key are made at the first start and kept in the data directory. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, type MasterKey, parseMasterKeys } from './config.ts'

export interface Secrets {
  readonly masterKeys: readonly MasterKey[]
  /** SHA-256 of the bootstrap operator key. */
  readonly adminKeyHash: Buffer
  /** Only at the first start: to be shown once. */
  readonly newAdminKey: string | null
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

export async function readSecrets(config: Config): Promise<Secrets> {
  const masterKeys = config.masterKeys ?? (await embeddedMasterKeys(config.dataDir))
  if (config.adminKey !== null) return { masterKeys, adminKeyHash: hashOf(config.adminKey), newAdminKey: null }
  const { value, created } = await readOrCreate(join(config.dataDir, 'admin-key.sha256'), () => {
    const key = `kahub_admin_${randomBytes(24).toString('base64url')}`
    return { keep: hashOf(key).toString('hex'), show: key }
  })
  return { masterKeys, adminKeyHash: Buffer.from(value, 'hex'), newAdminKey: created }
}

async function embeddedMasterKeys(dataDir: string): Promise<MasterKey[]> {
  const { value } = await readOrCreate(join(dataDir, 'master.key'), () => ({ keep: randomBytes(32).toString('base64'), show: '' }))
  return parseMasterKeys(value)
}

async function readOrCreate(path: string, make: () => { keep: string; show: string }): Promise<{ value: string; created: string | null }> {
  try {
    return { value: (await readFile(path, 'utf8')).trim(), created: null }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await mkdir(join(path, '..'), { recursive: true })
  const { keep, show } = make()
  await writeFile(path, `${keep}\n`, { mode: 0o600, flag: 'wx' })
  return { value: keep, created: show }
}
