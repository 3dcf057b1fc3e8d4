'use strict'
// Runs a script on a Node that understands this code, whichever Node the machine has. CommonJS without new syntax,
// because the first thing that reads this file may be an old Node: node src/launch.cjs src/server.ts [args]
const { spawn } = require('node:child_process')
const { existsSync, statSync } = require('node:fs')
const Module = require('node:module')
const { constants } = require('node:os')
const path = require('node:path')

const MIN_MAJOR = 24
const MIN_MINOR = 11
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP']
// Tells the re-executed process that a launcher waits above it, and that it must not outlive that launcher.
const LAUNCHED = 'KAHUB_LAUNCHED'
// How long a process whose launcher was killed may take to shut down; too short cuts running requests off.
const ORPHAN_GRACE_MS = 15_000
// How soon we notice that npm, which started us, was killed.
const PARENT_CHECK_MS = 500

function isSuitable(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR)
}

function fail(reason) {
  const needed = `kahub needs Node ${MIN_MAJOR}.${MIN_MINOR} or newer`
  console.error(`${needed}; this is ${process.version} and ${reason}. Install a newer Node, or run "npm ci".`)
  process.exit(1)
}

function endGently() {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHAN_GRACE_MS).unref()
}

function endWithLauncher() {
  process.on('disconnect', endGently)
  process.channel.unref()
}

// Whoever kills npm means the server: npm passes other signals on, but cannot pass on that one.
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    endGently()
  }, PARENT_CHECK_MS)
  timer.unref()
}

function enableCompileCache() {
  const modules = path.join(__dirname, '..', 'node_modules')
  // Only in a directory of our own: a shared one lets others plant code, and root's files would block a later "npm ci".
  const own = existsSync(modules) && process.getuid && statSync(modules).uid === process.getuid()
  if (own) Module.enableCompileCache(path.join(modules, '.cache', 'kahub'))
}

function runHere(script, args) {
  if (process.env[LAUNCHED] && process.channel) endWithLauncher()
  else endWithNpm()
  delete process.env[LAUNCHED]
  enableCompileCache()
  process.argv = [process.execPath, path.resolve(script), ...args]
  Module.runMain()
}

function runBundled(args) {
  const name = `node-${process.platform}-${process.arch}`
  let binary
  try {
    binary = path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', 'node')
  } catch {
    fail(`the package ${name} is not installed`)
  }
  const env = { ...process.env, [LAUNCHED]: '1' }
  const child = spawn(binary, [__filename, ...args], { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  endWithNpm()
  child.on('error', error => fail(`${binary} cannot run (${error.code || error.message})`))
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // A signal whose default is to be ignored would leave us here.
    process.exit(128 + constants.signals[signal])
  })
}

const [script, ...rest] = process.argv.slice(2)
if (!script) {
  console.error('usage: node src/launch.cjs <script> [arguments]')
  process.exit(2)
} else if (isSuitable(process.versions.node)) runHere(script, rest)
else runBundled([script, ...rest])
