/** One browser at the shop: forms, cookies, the referrer that it wants, and its JSON. */
import type { Json } from '../../support/app.ts'

export type FormValue = string | number | readonly (string | number)[] | Readonly<Record<string, string>>
export type FormFields = Readonly<Record<string, FormValue>>

const TIMEOUT_MS = 60_000
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

export interface Session {
  /** The envelope, whatever it says; a page that is no JSON is an error. */
  readonly post: (path: string, fields?: FormFields) => Promise<Json>
  /** `data` of a success. */
  readonly get: (path: string, fields?: FormFields) => Promise<Json>
  readonly text: (path: string, fields?: FormFields) => Promise<string>
}

export function openSession(base: string): Session {
  const cookies = new Map<string, string>()
  const text: Session['text'] = async (path, fields) => {
    const response = await fetch(`${base}${path}`, {
      method: fields === undefined ? 'GET' : 'POST',
      headers: {
        'user-agent': AGENT,
        referer: `${base}/`,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(fields === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' })
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(fields === undefined ? {} : { body: toForm(fields) })
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return await response.text()
  }
  const post: Session['post'] = async (path, fields = {}) => {
    const answer = await text(path, fields)
    try {
      return JSON.parse(answer)
    } catch {
      throw new Error(
        `${path}: ${answer
          .replaceAll(/<[^>]*>/g, ' ')
          .replaceAll(/\s+/g, ' ')
          .slice(0, 300)}`
      )
    }
  }
  const get: Session['get'] = async (path, fields) => {
    const answer = await post(path, fields)
    if (answer.code !== 200) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer.data
  }
  return { post, get, text }
}

function toForm(fields: FormFields): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'object') form.append(name, String(value))
    else for (const [key, part] of Object.entries(value)) form.append(Array.isArray(value) ? `${name}[]` : `${name}[${key}]`, String(part))
  }
  return form.toString()
}
