/** Does this process have the master keys that the database was used with? Asked at each start, before anything is sealed. */
import { type Queryable, statement } from '../db/index.ts'
import { Unsealable } from './aead.ts'
import { type DataKeyRow, unwrap } from './data-keys.ts'
import type { MasterKeyring } from './master-keyring.ts'

const ONE_FOR_EACH_KID = statement(
  'data_key_kids',
  'SELECT DISTINCT ON (master_kid) id, purpose, master_kid, wrapped FROM data_key ORDER BY master_kid, id'
)
const INSERT_CHECK = statement(
  'master_key_check_insert',
  'INSERT INTO master_key_check (kid, sealed) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING'
)
const READ_CHECKS = statement('master_key_check_read', 'SELECT kid, sealed FROM master_key_check WHERE kid = ANY($1::text[])')

/**
 * Opens one data key of each master key in use, and compares each given key with the first one that had its name. Throws an Error
 * that says what to do when one is missing or is another key: to go on would store cards that nobody can read, and fingerprints
 * that recognise nothing.
 */
export async function verifyMasterKeys(db: Queryable, keyring: MasterKeyring): Promise<void> {
  for (const row of await db.query<DataKeyRow>(ONE_FOR_EACH_KID)) {
    const kid = row.master_kid
    if (!keyring.kids.includes(kid)) {
      throw new Error(
        `This database holds keys wrapped by the master key "${kid}", which was not given. ` +
          `Add it to the end of KAHUB_MASTER_KEY, as in "${keyring.kids[0]}:<key>,${kid}:<key>", and start again.`
      )
    }
    try {
      unwrap(keyring, row)
    } catch (error) {
      if (!(error instanceof Unsealable)) throw error
      throw new Error(`${notTheOne(kid)} (data key ${row.id} does not open). ${PUT_RIGHT}`)
    }
  }
  await db.execute(INSERT_CHECK, [keyring.kids, keyring.kids.map(keyring.prove)])
  for (const { kid, sealed } of await db.query<{ kid: string; sealed: Buffer }>(READ_CHECKS, [keyring.kids])) {
    if (!keyring.isProof(kid, sealed)) throw new Error(`${notTheOne(kid)}. ${PUT_RIGHT} A new key needs a name that no key had before.`)
  }
}

const notTheOne = (kid: string): string => `The master key "${kid}" is not the one that this database was used with`

const PUT_RIGHT = 'Put the right key into KAHUB_MASTER_KEY and start again; if it is lost, the stored cards cannot be read by anyone.'
