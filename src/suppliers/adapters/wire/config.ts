/** What an operator enters for a supplier: the schema that the form and the API show, and reading it back. */
import { invalid } from '../../../kit/errors.ts'

type Config = Readonly<Record<string, unknown>>

const TEXT_MAX = 500

export const setting = (description: string) => ({ type: 'string', minLength: 1, maxLength: TEXT_MAX, description })
/** Never shown again, and stored encrypted. */
export const credential = (description: string) => ({ ...setting(description), writeOnly: true })
export const choice = (values: readonly string[], description: string) => ({ type: 'string', enum: values, default: values[0], description })

/** All are required but those named in `optional`. */
export const configSchema = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter(name => !optional.includes(name)),
  properties
})

export const BASE_URL = setting('Where its API is, such as `https://shop.example.com`.')
export const CURRENCY = { type: 'string', pattern: '^[A-Z]{3}$', default: 'CNY', description: 'The currency of its prices; its API does not say.' }

export function textOf(config: Config, name: string): string {
  const value = config[name]
  if (typeof value !== 'string' || value === '' || value.length > TEXT_MAX) throw invalid(`/config/${name}`, 'must be a text')
  return value
}

export const textOr = (config: Config, name: string, fallback: string): string => (config[name] === undefined ? fallback : textOf(config, name))

/** Without a slash at its end. Which addresses may be called is for the outbound HTTP to say. */
export function baseUrlOf(config: Config, name = 'baseUrl', fallback?: string): string {
  const text = fallback === undefined ? textOf(config, name) : textOr(config, name, fallback)
  const url = URL.canParse(text) ? new URL(text) : null
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain) throw invalid(`/config/${name}`, 'must be an http or https URL without user, query and fragment')
  return text.replace(/\/+$/, '')
}
