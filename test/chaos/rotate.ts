/** The master key is rotated while everything burns: by the command that operators use, as often as it takes. */
import { spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { ROOT } from './rig/child.ts'
import type { Rig } from './rig/rig.ts'

const TRY_AGAIN_MS = 500
const OUTPUT_CHARACTERS = 500

interface CommandResult {
  readonly code: number | null
  readonly output: string
}

function runCommand(rig: Rig): Promise<CommandResult> {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: rig.databaseUrl(),
    REDIS_URL: rig.redisUrl(),
    KAHUB_ADMIN_KEY: rig.adminKey,
    KAHUB_MASTER_KEY: rig.masterKeys('new')
  }
  const child = spawn(process.execPath, ['src/launch.cjs', 'src/rotate-keys.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise(resolve => child.on('close', code => resolve({ code, output: output.slice(-OUTPUT_CHARACTERS) })))
}

/** Resolves when it went through once, or was told to stop; a failure is tried again. Returns how often it was tried. */
export async function rotateUntilDone(rig: Rig, isOver: () => boolean): Promise<number> {
  for (let tries = 1; ; tries++) {
    const { code } = await runCommand(rig)
    if (code === 0 || isOver()) return tries
    await wait(TRY_AGAIN_MS)
  }
}

/** With all servers on the new key nothing may be left under the old one. Null: so it is. */
export async function finishRotation(rig: Rig): Promise<string | null> {
  const { code, output } = await runCommand(rig)
  return code === 0 ? null : output
}
