import { startEmbeddedPostgres, startEmbeddedValkey } from '../../src/embedded/index.ts'

// A process for a test to kill: holds both servers on the data directory given as its argument, and says where.
const dataDir = process.argv[2] ?? ''
const postgres = await startEmbeddedPostgres({ dataDir, sharedBuffersMb: 32 })
const valkey = await startEmbeddedValkey()
process.send?.({ databaseUrl: postgres.url, redisUrl: valkey.url })
// The servers keep nobody alive by themselves; the connection to the test does.
process.on('message', () => {})
