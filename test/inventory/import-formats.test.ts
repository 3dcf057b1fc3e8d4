/** Key files as sellers have them: every line ends up as exactly the key that it shows, or is refused by its number. */
import t from 'tap'
import { startTestApp } from '../support/app.ts'
import { createSku } from '../support/shop.ts'
import { cardsOf, importFile } from './stock.ts'

const app = await startTestApp(t)
const CSV = { type: 'text/csv' }
const NDJSON = { type: 'application/x-ndjson' }

/** Imports into a SKU of its own; keys are made unique by the caller. */
async function imported(file: string, options: Parameters<typeof importFile>[3] = {}) {
  const reply = await importFile(app, await createSku(app), file, options)
  const cards = reply.status === 201 ? await cardsOf(app, reply.body.id) : []
  return { reply, cards, keys: cards.map(({ number, secret }) => (number === null ? secret : [number, secret])) }
}

t.test('plain text: keys alone or behind their numbers, whatever the line ends, blanks and marks around them', async t => {
  const file =
    '\uFEFFAAAA-1111\r\n\r\n  AAAA-2222\t\n1001----PIN-A\n\u200B1002 ---- PIN-B \u3000\n   \nacc----pass----mail@example.org\nlast-without-newline'
  const { reply, keys } = await imported(file)
  t.match(reply.body, { state: 'done', format: 'text', accepted: 6, duplicates: 0, rejectedCount: 0, rejected: [] })
  t.same(keys, ['AAAA-1111', 'AAAA-2222', ['1001', 'PIN-A'], ['1002', 'PIN-B'], ['acc', 'pass----mail@example.org'], 'last-without-newline'])
})

t.test('plain text: what is no key is refused by line number and reason', async t => {
  const long = 'x'.repeat(8_193)
  const lines = ['ok-1', '1001----', '----secret', long, 'a\0b', 'zero\u200Bwidth', 'bad\uFFFDbyte', 'ok-2', `ok-${'y'.repeat(8_189)}`]
  const { reply, keys } = await imported(`${lines.join('\n')}\n`)
  t.same(reply.body.rejected, [
    { line: 2, reason: 'empty_secret' },
    { line: 3, reason: 'empty_number' },
    { line: 4, reason: 'too_long' },
    { line: 5, reason: 'invalid_characters' },
    { line: 6, reason: 'invalid_characters' },
    { line: 7, reason: 'invalid_encoding' }
  ])
  t.equal(reply.body.rejectedCount, 6)
  t.same(keys, ['ok-1', 'ok-2', `ok-${'y'.repeat(8_189)}`])
})

t.test('a file that is not UTF-8 becomes no card, and one damaged line does not spoil its neighbours', async t => {
  const { reply } = await imported('', {})
  t.match(reply.body, { accepted: 0, duplicates: 0, rejectedCount: 0 })
  const skuId = await createSku(app)
  const body = Buffer.concat([Buffer.from('GBK-1\n'), Buffer.from([0xbf, 0xa8, 0xc3, 0xdc, 0x0a]), Buffer.from('GBK-2\n')])
  const answer = await app.app.inject({
    method: 'POST',
    url: `/v1/admin/skus/${skuId}/card-batches`,
    headers: { authorization: 'Bearer test-operator-key-0123456789abcdef', 'content-type': 'text/plain' },
    payload: body
  })
  t.same(answer.json().rejected, [{ line: 2, reason: 'invalid_encoding' }])
  t.same(
    (await cardsOf(app, answer.json().id)).map(card => card.secret),
    ['GBK-1', 'GBK-2']
  )
})

t.test('CSV: with a Chinese or English header in any order, or with none', async t => {
  const chinese = await imported('\uFEFF卡号,卡密,有效期\r\nC1,S1,2099-12-31\r\n"C2","S,2",\r\n"C3","S""3",永久\r\n', CSV)
  t.same(chinese.keys, [
    ['C1', 'S1'],
    ['C2', 'S,2'],
    ['C3', 'S"3']
  ])
  t.same(
    chinese.cards.map(card => card.expiresAt),
    ['2099-12-31T16:00:00.000Z', null, null],
    'a date without a zone lasts until that day ends in Beijing'
  )
  const english = await imported('Remark, Expires At ,Secret,Card Number\nx,2099/1/2 03:04:05,E-S1,E-C1\n"a,b",,E-S2,\n', CSV)
  t.same(english.keys, [['E-C1', 'E-S1'], 'E-S2'])
  t.equal(english.cards[0]?.expiresAt, '2099-01-01T19:04:05.000Z')
  t.same((await imported('number;secret\nD1;"S;1"\nD2;S,2\n', CSV)).keys, [
    ['D1', 'S;1'],
    ['D2', 'S,2']
  ])
  t.same((await imported('卡号\t卡密\nT1\tT-S1\n"T2" \t "T-S2"\n', CSV)).keys, [
    ['T1', 'T-S1'],
    ['T2', 'T-S2']
  ])
  t.same((await imported('one-column-1\n"one,column,2"\n', CSV)).keys, ['one-column-1', 'one,column,2'])
  t.same((await imported('N1,P1\nN2,P2,20991231\n,P3\n', CSV)).keys, [['N1', 'P1'], ['N2', 'P2'], 'P3'])
  t.same((await imported('卡号\nonly-numbers-1\n', CSV)).keys, ['only-numbers-1'], 'a file of one column is a file of keys, whatever it is called')
})

t.test('CSV: a row that does not fit is refused by its line, also behind a quote that never closes', async t => {
  const file = 'number,secret\nQ1,"open\nQ2,ok-behind-quote\nQ3\nQ4,a,b\nQ5,\nQ6,"x"y\nQ7,last,,\n'
  const { reply, keys } = await imported(file, CSV)
  t.same(reply.body.rejected, [
    { line: 2, reason: 'unclosed_quote' },
    { line: 4, reason: 'wrong_columns' },
    { line: 5, reason: 'wrong_columns' },
    { line: 6, reason: 'empty_secret' },
    { line: 7, reason: 'unclosed_quote' }
  ])
  t.same(keys, [
    ['Q2', 'ok-behind-quote'],
    ['Q7', 'last']
  ])
  const lines = await imported('secret\n"first half\nsecond half"\nin the "middle"\n', CSV)
  t.same(lines.keys, [], 'a quote that spans lines, or stands inside a cell, stocks neither half')
  t.equal(lines.reply.body.rejectedCount, 3)
  t.match((await imported('M1\rM2\nM3\r\n', CSV)).keys, ['M3'], 'a line end of old is none, and does not make one key of two')
  const noSecret = await imported('卡号,备注\nN,x\n', CSV)
  t.match(noSecret.reply.body, { accepted: 0, rejectedCount: 1 }, 'a header without a column for the key stocks nothing')
})

t.test('NDJSON: numbers and expiries are optional, unknown fields and wrong types are refused', async t => {
  const lines = [
    '{"secret":"J1"}',
    '{"number":"JN2","secret":"J2","expiresAt":"2099-01-01T00:00:00Z"}',
    '{"number":null,"secret":" J3 ","expiresAt":null}',
    '{"secret":"line one\\nline two"}',
    '',
    '{"secret":5}',
    '{"number":"x"}',
    '{"secret":"J5","price":"1"}',
    '["J6"]',
    '{"secret":"J7"',
    '{"secret":"J8\\ud800"}',
    '{"secret":"","number":"1"}'
  ]
  const { reply, keys, cards } = await imported(lines.join('\n'), NDJSON)
  t.same(keys, ['J1', ['JN2', 'J2'], 'J3', 'line one\nline two'])
  t.equal(cards[1]?.expiresAt, '2099-01-01T00:00:00.000Z')
  t.same(
    reply.body.rejected.map(({ line, reason }: { line: number; reason: string }) => `${line} ${reason}`),
    ['6 wrong_type', '7 empty_secret', '8 unknown_field', '9 invalid_json', '10 invalid_json', '11 invalid_characters', '12 empty_secret']
  )
})

t.test('expiries: as sellers write them; what is past or no date is refused', async t => {
  const good: [string, string][] = [
    ['2099-03-01', '2099-03-01T16:00:00.000Z'],
    ['2099.3.1', '2099-03-01T16:00:00.000Z'],
    ['2099年3月1日', '2099-03-01T16:00:00.000Z'],
    ['20990301', '2099-03-01T16:00:00.000Z'],
    ['2099-03-01 12:30', '2099-03-01T04:30:00.000Z'],
    ['2099-03-01T12:30:15Z', '2099-03-01T12:30:15.000Z'],
    ['2099-03-01T12:30:15.123+02:00', '2099-03-01T10:30:15.000Z']
  ]
  const { cards } = await imported(good.map(([text], n) => `X${n},GX${n},${text}`).join('\n'), CSV)
  t.same(
    cards.map(card => card.expiresAt),
    good.map(([, expected]) => expected)
  )
  const bad = ['2099-02-30', '2099-13-01', 'soon', '31/12/2099', '2001-01-01', '2099-01-01 25:00']
  const { reply } = await imported(bad.map((text, n) => `B${n},BX${n},${text}`).join('\n'), CSV)
  t.same(
    reply.body.rejected.map(({ reason }: { reason: string }) => reason),
    ['bad_expiry', 'bad_expiry', 'bad_expiry', 'bad_expiry', 'already_expired', 'bad_expiry']
  )
})

t.test('a default expiry is for keys without their own', async t => {
  const file = '{"secret":"D1"}\n{"secret":"D2","expiresAt":"2090-01-01T00:00:00Z"}\n'
  const { cards } = await imported(file, { ...NDJSON, query: '?expiresAt=2095-05-05T00:00:00Z' })
  t.same(
    cards.map(card => card.expiresAt),
    ['2095-05-05T00:00:00.000Z', '2090-01-01T00:00:00.000Z']
  )
  const past = await imported('D3\n', { query: '?expiresAt=2005-05-05T00:00:00Z' })
  t.match(past.reply, { status: 400, body: { code: 'validation_failed', errors: [{ pointer: '/query/expiresAt' }] } })
})

t.test('the format is the content type, or what is asked for a text; contradictions and other types are refused', async t => {
  t.same((await imported('F1,S1\n', { query: '?format=csv' })).keys, [['F1', 'S1']])
  t.same((await imported('{"secret":"F2"}', { type: 'text/plain; charset=utf-8', query: '?format=ndjson' })).keys, ['F2'])
  t.match((await imported('F3', { ...CSV, query: '?format=text' })).reply, { status: 400, body: { errors: [{ pointer: '/query/format' }] } })
  t.match((await imported('F3', { query: '?format=xml' })).reply, { status: 400 })
  t.match((await imported('F3', { query: '?colour=red' })).reply, { status: 400, body: { code: 'validation_failed' } })
  t.match((await imported('{}', { type: 'application/json' })).reply, { status: 415, body: { code: 'unsupported_media_type' } })
  t.match((await imported('F4', { type: 'text/plain; charset=gbk' })).reply, { status: 415 })
  t.match(await app.admin('POST', `/v1/admin/skus/${await createSku(app)}/card-batches`), { status: 415 })
})
