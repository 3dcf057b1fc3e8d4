/** What a real shop sent, byte for byte: `real-shop/` recorded it. And what other clients of its protocol may send. */
import t from 'tap'
import { type Form, isSignedWith, parseForm } from '../../src/facades/acg-faka/form.ts'

const KEY = 'CD3374E495B952E55BB79FDC844DA054'
const APP = `app_id=242178385298&app_key=${KEY}`
const CODE = 'prd_01a20b10-c5e4-78a2-a7c6-3dbd1ccd59b4'
const RECORDED = [
  `${APP}&sign=ba75af5641059da9689d0ba6b12ef37c`,
  `code=${CODE}&${APP}&sign=cf3ce5dcb83bb12cf663b3e4f2448e0b`,
  `code=${CODE}&num=3&race=&card_id=0&${APP}&sign=d53dab74006ca1ca683091da9bcc87e7`,
  `shared_code=${CODE}&contact=086a65fb77fe4bf3&num=3&card_id=0&device=0&password=&race=&request_no=331261124085939440&${APP}&sign=570d9c1592bd764f46891dd66e7f6f33`,
  `shared_code=prd_01a20b10-c641-7c69-aeb7-3d804810a359&contact=fb4c9cdd39eb918f&num=1&card_id=0&device=0&password=&race=%E5%B9%B4%E5%8D%A1&request_no=894261124085939758&${APP}&sign=2c6db9aa5fb341ae60014936da57b74b`,
  `shared_code=prd_01a20b10-c672-7d03-99ad-dbfede55f15d&contact=98a61447055aa8af&num=1&card_id=0&device=0&password=&race=%E5%B0%8F&request_no=455261124085939246&sku%5B%E9%A2%9C%E8%89%B2%5D=%E8%93%9D&${APP}&sign=48a6d2a8a842d7f9aa28694fc74ad4e3`
]

const multipart = (fields: readonly (readonly [string, string])[], boundary: string): string =>
  `${fields.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--${boundary}--\r\n`

function read(body: string, mediaType?: string): Form {
  const form = parseForm(body, mediaType)
  if (form === null) throw new Error(`unreadable: ${body}`)
  return form
}

t.test('the forms of a real shop are understood, and nobody else can sign them', async t => {
  for (const body of RECORDED) {
    const form = read(body)
    t.ok(isSignedWith([KEY], form), body)
    t.ok(isSignedWith(['0'.repeat(32), KEY], form), 'also while the key is rotated')
    t.notOk(isSignedWith([KEY.toLowerCase()], form))
    t.equal(form.text('app_id'), '242178385298')
  }
  const [, , , plain = '', , optioned = ''] = RECORDED
  t.equal(parseForm(optioned)?.text('race'), '小')
  t.same(parseForm(optioned)?.parts('sku'), new Map([['颜色', '蓝']]))
  for (const forged of [plain.replace('num=3', 'num=2'), `${plain}&num=1`, plain.replace('device=0', 'device=1'), plain.replace(/&sign=.*/, '')]) {
    t.notOk(isSignedWith([KEY], read(forged)), forged)
  }
  const permuted = plain.split('&').reverse().join('&')
  t.ok(isSignedWith([KEY], read(permuted)), 'the order of the fields means nothing')
})

t.test('a multipart form is the same form', async t => {
  for (const boundary of ['x', '----WebKitFormBoundaryQ1w2', 'a b']) {
    for (const body of RECORDED) {
      t.ok(isSignedWith([KEY], read(multipart([...new URLSearchParams(body)], boundary), `multipart/form-data; boundary="${boundary}"`)))
    }
  }
  const type = 'multipart/form-data; boundary=x'
  t.equal(parseForm(multipart([['a', 'one\r\n--y\r\n']], 'x'), type)?.text('a'), 'one\r\n--y\r\n')
  const file = '--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n'
  t.same(parseForm(`${file}${multipart([['a', '1']], 'x')}`, type)?.entries, [{ top: 'a', name: 'a', value: '1' }], 'files are no fields')
  for (const bad of [
    '',
    'a=1',
    '--x',
    '--x--',
    '--x\r\n\r\n1\r\n--x--',
    multipart([['a', '1']], 'y'),
    multipart([['a', '1']], 'x').replace(/--\r\n$/, '')
  ]) {
    t.equal(parseForm(bad, type)?.entries.length ?? 0, 0, JSON.stringify(bad))
  }
  t.equal(parseForm(multipart([['a', '1']], 'x'), 'multipart/form-data'), null)
  t.equal(
    parseForm(
      multipart(
        Array.from({ length: 1_001 }, (_, n) => [`f${n}`, '1'] as const),
        'x'
      ),
      type
    ),
    null
  )
})
