/**
 * `npm run verify-audit [-- <seq> <hash>]`: calculates the chain of the audit log anew, and compares it with a place that was noted.
 * Exits with 1 and names the first broken entry if anything was changed.
 */
import { verifyAuditLog } from './audit/index.ts'
import { readConfig } from './config.ts'
import { createLog } from './log.ts'
import { openDatabase } from './services.ts'

async function main([seq, hash]: readonly string[]): Promise<boolean> {
  if (seq !== undefined && !(Number.isSafeInteger(Number(seq)) && /^[0-9a-f]{64}$/.test(hash ?? ''))) {
    throw new Error('usage: npm run verify-audit [-- <seq> <hash>], both as in an earlier report')
  }
  const { db, close } = await openDatabase(readConfig(), createLog('warn'))
  try {
    const { ok, entries, head, broken } = await verifyAuditLog(db, seq === undefined || hash === undefined ? null : { seq: Number(seq), hash })
    process.stdout.write(
      broken === null
        ? `the audit log is whole: ${entries} entries, the last is ${head.seq} ${head.hash}\n`
        : `THE AUDIT LOG WAS CHANGED: entry ${broken.seq} (${broken.reason.replaceAll('_', ' ')})\n`
    )
    return ok
  } finally {
    await close()
  }
}

main(process.argv.slice(2))
  .then(ok => {
    process.exitCode = ok ? 0 : 1
  })
  .catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
