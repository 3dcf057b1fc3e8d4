/** What is wrong with a body: a value that is bent somewhere, or a text that no serializer writes. */
import { OTHER_TYPES } from '../acceptance/bad-values.ts'
import type { Json } from '../support/app.ts'
import type { Draw } from './draw.ts'

interface Place {
  readonly parent: Json
  readonly key: string
}

const PLACES_MAX = 200
const DEPTHS = [2, 20, 1_000, 20_000]
const NAMES = ['extra', 'id', 'resellerId', 'price', 'constructor', '', '__proto', 'toString', '$ref', '\u0000', 'a'.repeat(5_000)]

/** In one to three places. */
export function bend(draw: Draw, value: Json): Json {
  const holder: Json = { body: structuredClone(value) }
  for (let left = draw.int(1, 3); left > 0; left--) {
    const places = [...placesOf(holder)].slice(0, PLACES_MAX)
    if (places.length > 0) bendPlace(draw, draw.pick(places))
  }
  return holder.body
}

function* placesOf(parent: Json): Generator<Place> {
  if (typeof parent !== 'object' || parent === null) return
  for (const key of Object.keys(parent)) {
    yield { parent, key }
    yield* placesOf(parent[key])
  }
}

function bendPlace(draw: Draw, { parent, key }: Place): void {
  const now = parent[key]
  switch (draw.below(9)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1)
      else delete parent[key]
      return
    case 1:
    case 2:
      parent[key] = draw.text()
      return
    case 3:
      parent[key] = structuredClone(draw.pick(OTHER_TYPES))
      return
    case 4:
      parent[key] = structuredClone(draw.json())
      return
    case 5:
      if (typeof now === 'object' && now !== null && !Array.isArray(now))
        now[draw.often(0.7) ? draw.pick(NAMES) : draw.text()] = structuredClone(draw.json())
      else parent[key] = [now]
      return
    case 6:
      parent[key] = Array.isArray(now) ? Array.from({ length: draw.pick([2, 101, 1_001]) }, () => structuredClone(now[0] ?? null)) : `${String(now)} `
      return
    case 7:
      parent[key] =
        typeof now === 'number' ? draw.pick([now + 0.5, -now, now * 1e9, now + 1, -1]) : typeof now === 'string' ? bendText(draw, now) : null
      return
    default:
      parent[key] = typeof now === 'string' ? draw.pick([now.toUpperCase(), now.slice(1), `${now}${now}`, now.slice(0, -1), ''].concat(now)) : !now
  }
}

export function bendText(draw: Draw, text: string): string {
  const at = draw.below(text.length + 1)
  return `${text.slice(0, at)}${draw.pick(['\u0000', '\uD800', ' ', '%00', '-', "'", '💥', '\n', '', '0'])}${text.slice(at + draw.below(3))}`
}

/** JSON text that is not what it was, or is not JSON any more. */
export function bendJson(draw: Draw, text: string): string {
  const at = draw.below(text.length + 1)
  const depth = draw.pick(DEPTHS)
  return draw.pick<() => string>([
    () => text.slice(0, at),
    () => `${text.slice(0, at)}${draw.text()}${text.slice(at)}`,
    () => text.replace(/"([^"]+)":/, (field, name) => `"${name}":0,${field}`),
    () => text.replace(/"([^"]+)":/, (field, name) => `"\\u00${name.charCodeAt(0).toString(16).padStart(2, '0')}${name.slice(1)}":0,${field}`),
    () => text.replace('{', '{"__proto__":{"x":1},'),
    () => text.replace('{', '{"constructor":{"prototype":{}},'),
    () =>
      text.replace(
        /:\s*("[^"]*"|\d+)/,
        () => `:${draw.pick(['1e999', '-0', '01', '0x1', 'NaN', '"\\ud800"', '"\\u0000"', '1E2', '.5', '9'.repeat(400)])}`
      ),
    () => `${'['.repeat(depth)}${text}${']'.repeat(depth)}`,
    () => `${'{"a":'.repeat(depth)}${text}${'}'.repeat(depth)}`,
    () => `\uFEFF${text}`,
    () => `${text}${draw.pick(['{}', ' ', '\u0000', ',', '//', ' '.repeat(70_000)])}`,
    () => text.replaceAll(',', draw.pick([',,', ' , ', ';', ',\n\t\r ', ',\v'])),
    () => draw.pick(['', ' ', 'null', '[]', '""', '0', 'true', '{', 'a=1&b=2', '<a/>'])
  ])()
}
