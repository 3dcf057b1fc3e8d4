/** Loaded before a server (`--import`): its clock is wrong by KAHUB_CHAOS_SKEW_MS. Timers and `performance.now()` are not: they count, they do not tell the time. */
const skewMs = Number(process.env['KAHUB_CHAOS_SKEW_MS'] ?? 0)
const RealDate = Date

if (skewMs !== 0) {
  const now = (): number => RealDate.now() + skewMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver))
  })
}
