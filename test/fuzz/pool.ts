/** What earlier answers held, to be fed on: ids by their kind, values by the name that they had. */
import type { Json } from '../support/app.ts'
import type { Draw } from './draw.ts'

const ID = /^([a-z]{3})_[0-9a-f-]{36}$/
const KEPT_MAX = 60
const LOOKED_AT_MAX = 400
/** Answers show them once, and nobody should see them in another one. */
const SECRET = /secret|^key$|cards/i

export class Pool {
  readonly #ids = new Map<string, string[]>()
  readonly #values = new Map<string, unknown[]>()

  note(answer: Json): void {
    let left = LOOKED_AT_MAX
    const walk = (value: Json, name: string): void => {
      if (left-- < 0 || SECRET.test(name)) return
      if (typeof value === 'object' && value !== null) {
        for (const [key, part] of Object.entries<Json>(value)) walk(part, Array.isArray(value) ? name : key)
        return
      }
      if (value === null) return
      keep(this.#values, name, value)
      const [, kind] = (typeof value === 'string' && ID.exec(value)) || []
      if (kind !== undefined) keep(this.#ids, kind, value)
    }
    walk(answer, '')
  }

  id(draw: Draw, kind: string): string | null {
    const known = this.#ids.get(kind)
    return known === undefined ? null : draw.pick(known)
  }

  /** Undefined: nothing had this name yet. */
  value(draw: Draw, name: string): unknown {
    const known = this.#values.get(name)
    return known === undefined ? undefined : draw.pick(known)
  }
}

function keep<T>(lists: Map<string, T[]>, name: string, value: T): void {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  if (list.includes(value)) return
  list.push(value)
  if (list.length > KEPT_MAX) list.shift()
}
