/**
 * `npm run rotate-keys`: wraps every data key by the newest master key, while the servers run. `-- --verify` changes nothing, opens every
 * data key, and says which master keys are still needed. Exits with 1 if any row does not open or is left under an older master key.
 */
import { readConfig } from './config.ts'
import { appendAction } from './kit/audit.ts'
import { type KeyUse, readKeyUse, rewrapDataKeys } from './kit/crypto/index.ts'
import { createLog } from './log.ts'
import { openDatabase } from './services.ts'

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(args: readonly string[]): Promise<boolean> {
  const unknown = args.filter(arg => arg !== '--verify')
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown[0]}; usage: npm run rotate-keys [-- --verify]`)
  const config = readConfig()
  const { db, keyring, close } = await openDatabase(config, createLog('warn'))
  try {
    const [newest = '', ...older] = keyring.kids
    if (!args.includes('--verify')) {
      const action = { actor: 'command', name: 'rotate-keys', requestId: null, target: {}, detail: { newest, older } }
      await db.tx(tx => appendAction(tx, action))
      const { rewrapped } = await rewrapDataKeys(db, keyring, ({ rewrapped, left }) => say(`${rewrapped} wrapped by "${newest}", ${left} left`))
      say(rewrapped === 0 ? `nothing to do: all data keys are wrapped by "${newest}"` : `done: ${rewrapped} data keys are now wrapped by "${newest}"`)
    }
    return report(await readKeyUse(db, keyring), newest, older)
  } finally {
    await close()
  }
}

function report(uses: readonly KeyUse[], newest: string, older: readonly string[]): boolean {
  for (const { kid, dataKeys, unreadable } of uses) {
    say(`"${kid}": ${dataKeys} data keys${unreadable.length === 0 ? ', all open' : `, DAMAGED: ${unreadable.join(' ')}`}`)
  }
  const needed = uses.filter(({ kid }) => kid !== newest).map(({ kid }) => kid)
  const removable = older.filter(kid => !needed.includes(kid))
  if (removable.length > 0) say(`may be removed from KAHUB_MASTER_KEY: ${removable.join(' ')}`)
  if (needed.length > 0) {
    say(`still needed: ${needed.join(' ')}. Start every server with "${newest}" in front, then run this again without --verify.`)
  }
  return needed.length === 0 && uses.every(({ unreadable }) => unreadable.length === 0)
}

main(process.argv.slice(2))
  .then(complete => {
    process.exitCode = complete ? 0 : 1
  })
  .catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
