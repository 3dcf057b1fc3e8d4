/** The composition root: the only place that constructs pools, clients and services. */
import type { Logger } from 'pino'
import { createAuthenticator } from './accounts/index.ts'
import { createChangeFeed, createListings, type Listings } from './catalog/index.ts'
import type { Config, MasterKey } from './config.ts'
import { startEmbeddedPostgres, startEmbeddedValkey } from './embedded/index.ts'
import { readSecrets } from './embedded-secrets.ts'
import { createFacadeLogins } from './facades/index.ts'
import { createIntakeGate } from './invariants/index.ts'
import { createAllocator, createVault, type Vault } from './inventory/index.ts'
import { withAudit } from './kit/audit.ts'
import { createMasterKeyring, ensureSingleDataKey, verifyMasterKeys } from './kit/crypto/index.ts'
import { createCursorCodec } from './kit/cursor.ts'
import { assertDurable, assertRole } from './kit/db/durability.ts'
import { assertGrants } from './kit/db/grants.ts'
import { createDatabase, type Db, leadsThroughPooler, migrate } from './kit/db/index.ts'
import { createLeases, type Leases } from './kit/lock.ts'
import { createOutboundHttp, type OutboundHttp } from './kit/outbound-http.ts'
import { createRedis } from './kit/redis.ts'
import { createSigningSecrets, type SigningSecrets } from './kit/signing-secrets.ts'
import { createTracer, type Tracer } from './kit/tracing.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import {
  type CommitBatchDeps,
  createBatchCommit,
  createBuyer,
  createFindReplay,
  createMeasures,
  createOrderInputs,
  type FinishedCall,
  type OrderCandidate,
  type OrderInputs,
  type PlaceOutcome
} from './orders/index.ts'
import { callbackUrls, createConfigVault, createConnections, createSyncer, type FindAdapter, findAdapter } from './suppliers/index.ts'
import { createWalletDirectory, type WalletDirectory } from './wallet/index.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

export interface ServiceOverrides {
  /** Tests replace the leases with ones that always grant. */
  readonly leases?: Leases
  /** Tests add adapters. */
  readonly findAdapter?: FindAdapter
}

/** Starts what has to be started, applies migrations, and connects. Throws an Error whose message says what to do. */
export async function createServices(config: Config, log: Logger, overrides: ServiceOverrides = {}) {
  const servers = await startServers(config, log)
  try {
    const { db, secrets, keyring } = await connectDatabase(config, servers.databaseUrl, log)
    const redis = connectRedis(servers.redisUrl, log)
    const leases = overrides.leases ?? createLeases(redis.commands, redis.subscriber)
    const watched = createWatch(config, log)
    const { metrics } = watched
    const listings = createListings({ db })
    const wallets = createWalletDirectory(db)
    const vault = await createVault({ db, masterKeys: secrets.masterKeys })
    const signingSecrets = await createSigningSecrets({ db, masterKeys: secrets.masterKeys })
    const outboundHttp = createOutboundHttp({ userAgent: 'kahub', allowPrivate: config.allowPrivateTargets })
    const noteStock = (skuId: string, available: number): void => listings.noteStock(skuId, available)
    const inputs = await createOrderInputs({ db, masterKeys: secrets.masterKeys })
    const trade = { db, wallets, vault, inputs, listings, noteStock }
    const allocator = createOrderAllocator(
      { ...trade, beginPurchases: candidates => buying.buyer.begin(candidates), noteReserved: () => buying.buyer.noteWork() },
      leases,
      metrics
    )
    const buying = await createBuying(config.publicUrl, { ...trade, outboundHttp, log, masterKeys: secrets.masterKeys, overrides, ...watched })
    const intake = await createIntakeGate(db)
    const redisIsUp = (): boolean => redis.commands.status === 'ready'
    metrics.watch({ allocator: () => allocator.stats(), database: db.load, intake: intake.status, redisIsUp, tables: db })
    const logins = createLogins({ db, signingSecrets, adminKeyHash: secrets.adminKeyHash, jwt: config.jwt, sandbox: config.sandbox })
    return {
      config,
      db,
      redis: redis.commands,
      leases,
      ...watched,
      listings,
      feed: createChangeFeed({ db }),
      wallets,
      vault,
      inputs,
      allocator,
      intake,
      ...logins,
      signingSecrets,
      ...buying,
      outboundHttp,
      urlPolicy: { allowPrivateTargets: config.allowPrivateTargets },
      noteStock,
      cursors: createCursorCodec((await ensureSingleDataKey(db, keyring, 'cursor')).key),
      findReplay: createFindReplay(db),
      inFlight: new Map<string, Buffer>(),
      newAdminKey: secrets.newAdminKey,
      urls: { database: servers.databaseUrl, redis: servers.redisUrl },
      /** Waiting orders finish first, then connections, then the embedded servers. */
      close: async () => {
        intake.close()
        await allocator.close()
        await Promise.all([buying.buyer.close(), buying.syncer.close()])
        await leases.close()
        await outboundHttp.close()
        await watched.tracer?.close()
        redis.commands.disconnect()
        redis.subscriber.disconnect()
        await db.close()
        await servers.stop()
      }
    }
  } catch (error) {
    await servers.stop()
    throw error
  }
}

/** Migrated, safe to use, and of these master keys. Throws an Error that says what to do. */
async function connectDatabase(config: Config, url: string, log: Logger) {
  const secrets = await readSecrets(config)
  await migrate({ databaseUrl: config.migrationUrl ?? url, log: line => log.info(line) })
  const pooled = config.databaseUrl !== null && (await leadsThroughPooler(url))
  if (pooled) log.info('a pooler stands before the database: settings travel with each transaction, no statement is prepared by name')
  const db = createDatabase({
    url,
    pooled,
    maxConnections: config.databaseConnections,
    onError: error => log.warn({ err: error }, 'database connection lost'),
    around: withAudit
  })
  try {
    await assertRole(db)
    await assertGrants(db)
    await assertDurable(db, config.allowUnsafeDatabase)
    const keyring = createMasterKeyring(secrets.masterKeys)
    await verifyMasterKeys(db, keyring)
    return { db, secrets, keyring }
  } catch (error) {
    await db.close()
    throw error
  }
}

/** What tells how it goes. No tracer: traces are off. */
function createWatch({ traces }: Config, log: Logger): { readonly metrics: Metrics; readonly tracer: Tracer | null } {
  const metrics = createMetrics()
  if (traces === null) return { metrics, tracer: null }
  const tracer = createTracer({ ...traces, onError: error => log.warn({ err: error }, 'the trace collector did not take spans; they are dropped') })
  metrics.watchTracer(tracer.dropped)
  return { metrics, tracer }
}

function traceCall(tracer: Tracer, { supplierId, orderId, attemptId, kind, outcome, durationMs }: FinishedCall): void {
  const traceId = tracer.traceOf(null)
  if (traceId === null) return
  const endedAtMs = Date.now()
  const attributes = { 'kahub.supplier': supplierId, 'kahub.order': orderId, 'kahub.attempt': attemptId, 'kahub.outcome': outcome }
  tracer.record({ name: `supplier.${kind}`, kind: 'client', traceId, startedAtMs: endedAtMs - durationMs, endedAtMs, attributes })
}

function createOrderAllocator(deps: CommitBatchDeps, leases: Leases, metrics: Metrics) {
  const commitBatch = createBatchCommit(deps)
  return createAllocator<OrderCandidate, PlaceOutcome>({
    leases,
    commit: async (candidates, lanes) => {
      const result = await commitBatch(candidates, lanes)
      metrics.observeOrders(result.verdicts)
      return result
    },
    onBatch: metrics.observeBatch
  })
}

/** The database alone, for commands that an operator runs beside the servers. Throws an Error that says what to do. */
export async function openDatabase(config: Config, log: Logger) {
  const postgres = config.databaseUrl === null ? await startPostgres(config, log) : null
  const stop = async (): Promise<void> => postgres?.stop()
  try {
    const { db, keyring } = await connectDatabase(config, config.databaseUrl ?? postgres?.url ?? '', log)
    return { db, keyring, close: () => db.close().then(stop) }
  } catch (error) {
    await stop()
    throw error
  }
}

interface LoginParts {
  readonly db: Db
  readonly signingSecrets: SigningSecrets
  readonly adminKeyHash: Buffer | null
  readonly jwt: Config['jwt']
  readonly sandbox: boolean
}

/** Who calls, by an API key or by another system's protocol. */
function createLogins({ db, signingSecrets, adminKeyHash, ...options }: LoginParts) {
  const facadeLogins = createFacadeLogins({ db, signingSecrets })
  const { forget, ...logins } = createAuthenticator({ db, bootstrapKeyHash: adminKeyHash, ...options })
  const authenticator = {
    ...logins,
    forget: (id: string): void => {
      forget(id)
      facadeLogins.forget(id)
    }
  }
  return { facadeLogins, authenticator }
}

interface BuyingParts {
  readonly db: Db
  readonly wallets: WalletDirectory
  readonly vault: Vault
  readonly inputs: OrderInputs
  readonly listings: Listings
  readonly noteStock: (skuId: string, available: number) => void
  readonly outboundHttp: OutboundHttp
  readonly log: Logger
  readonly masterKeys: readonly MasterKey[]
  readonly overrides: ServiceOverrides
  readonly metrics: Metrics
  readonly tracer: Tracer | null
}

/** What it takes to reach suppliers and to buy from them. */
async function createBuying(publicUrl: string | null, { log, masterKeys, overrides, metrics, tracer, ...parts }: BuyingParts) {
  const adapters = { findAdapter: overrides.findAdapter ?? findAdapter }
  const configs = await createConfigVault({ db: parts.db, masterKeys })
  const connections = createConnections({
    ...parts,
    ...adapters,
    configs,
    onError: (error, supplierId) => log.error({ err: error, supplierId }, 'the config of a supplier cannot be used')
  })
  const measures = createMeasures(parts)
  const callbackUrlOf = callbackUrls(publicUrl)
  const buyer = createBuyer({
    ...parts,
    ...adapters,
    connections,
    callbackUrlOf,
    measures,
    onOutcome: call => {
      metrics.observeSupplier(call.supplierId, call.outcome)
      if (tracer !== null) traceCall(tracer, call)
    },
    onError: (error, orderId) => log.error({ err: error, orderId }, 'the outcome of a purchase could not be stored; the supplier is asked again')
  })
  const syncer = createSyncer({
    ...parts,
    connections,
    onError: error => log.warn({ err: error }, 'a supplier could not be read; it goes on when its lease has ended'),
    onBalance: (crossing, supplier) => {
      if (crossing === 'low') log.warn(supplier, 'the balance with a supplier is low')
      else log.info(supplier, 'the balance with a supplier is not low any more')
    }
  })
  return { ...adapters, callbackUrlOf, configs, connections, measures, buyer, syncer }
}

async function startServers(config: Config, log: Logger) {
  const postgres = config.databaseUrl === null ? await startPostgres(config, log) : null
  try {
    const valkey = config.redisUrl === null ? await startEmbeddedValkey({ logger: embeddedLogger(log) }) : null
    return {
      databaseUrl: config.databaseUrl ?? postgres?.url ?? '',
      redisUrl: config.redisUrl ?? valkey?.url ?? '',
      stop: async () => {
        await Promise.all([postgres?.stop(), valkey?.stop()])
      }
    }
  } catch (error) {
    await postgres?.stop()
    throw error
  }
}

const startPostgres = (config: Config, log: Logger) => startEmbeddedPostgres({ dataDir: config.dataDir, logger: embeddedLogger(log) })

const embeddedLogger = (log: Logger) => ({ info: (message: string) => log.info(message), warn: (message: string) => log.warn(message) })

function connectRedis(url: string, log: Logger) {
  let away = false
  const onError = (error: Error): void => {
    if (!away) log.warn({ err: error }, 'redis is away; orders go on with row locks alone')
    away = true
  }
  const commands = createRedis({ url, onError })
  const subscriber = createRedis({ url, onError, subscriber: true })
  commands.on('ready', () => {
    if (away) log.info('redis is back')
    away = false
  })
  return { commands, subscriber }
}
