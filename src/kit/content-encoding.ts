/** Answers that come compressed although nobody asked for it. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'

const DECODERS = { gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) } as const

const isKnown = (encoding: string): encoding is keyof typeof DECODERS => Object.hasOwn(DECODERS, encoding)

export type Decoded = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'too_large' | 'unreadable' }

/** The body as text. `maxBytes` bounds what it unfolds to. */
export async function decodeBody(body: Buffer, contentEncoding: string | undefined, maxBytes: number): Promise<Decoded> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity' || body.length === 0) return { kind: 'text', text: body.toString('utf8') }
  if (!isKnown(encoding)) return { kind: 'unreadable' }
  try {
    return { kind: 'text', text: (await DECODERS[encoding](body, { maxOutputLength: maxBytes })).toString('utf8') }
  } catch (error) {
    return { kind: error instanceof RangeError ? 'too_large' : 'unreadable' }
  }
}
