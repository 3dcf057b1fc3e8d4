import t from 'tap'
import { createDatabase, statement, toDomainError } from '../../src/kit/db/index.ts'
import { DomainError } from '../../src/kit/errors.ts'
import { createLog } from '../../src/log.ts'
import { createTestDatabase } from '../support/database.ts'

const wrapped = (cause: Error) => new Error('Failed query: select 1\nparams: 1,line\n4711', { cause })
const codeOf = (error: unknown): string => {
  const known = toDomainError(error)
  return known instanceof DomainError ? known.code : 'not known'
}

t.test('a connection that is lost is nobody’s fault, however deep the driver’s words lie', async t => {
  const lost = new Error('Connection terminated unexpectedly')
  t.equal(codeOf(lost), 'dependency_unavailable')
  t.equal(codeOf(wrapped(lost)), 'dependency_unavailable')
  t.equal(codeOf(wrapped(Object.assign(new Error('x'), { code: 'ECONNRESET' }))), 'dependency_unavailable')
  t.equal(codeOf(wrapped(Object.assign(new Error('x'), { code: '57P01' }))), 'dependency_unavailable')
  t.equal(codeOf(wrapped(Object.assign(new Error('x'), { code: '55P03' }))), 'overloaded')
  t.equal(codeOf(wrapped(new Error('a defect'))), 'not known')
})

t.test('the values of a statement that failed stay out of the log', async t => {
  const lines: string[] = []
  createLog('info', { write: line => void lines.push(line) }).error({ err: wrapped(new Error('x')) }, 'failed')
  t.match(lines.join(''), /Failed query: select 1/)
  t.notMatch(lines.join(''), /4711/)
})

t.test('of statements that travel together, the one that failed is the reason', async t => {
  const db = createDatabase({ url: await createTestDatabase(t), maxConnections: 2, onError: () => undefined })
  t.teardown(() => db.close())
  const fails = (code: string) => statement('', `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${code}'; END $$`)
  const reasonOf = (code: string) =>
    db
      .tx(async tx => {
        // The failure reaches its caller later than those that follow from it.
        const slow = (async () => await Promise.all([(async () => await tx.execute(fails(code)))()]))()
        await Promise.all([slow, tx.execute(statement('', 'SELECT 1'))])
      })
      .then(() => 'none', codeOf)
  t.equal(await reasonOf('53100'), 'dependency_unavailable')
  t.equal(await reasonOf('55P03'), 'overloaded')
})
