/** RFC 9457 problems: the one place where an error code gets its HTTP status and its words. */
import { Type } from 'typebox'
import { DomainError, ERROR_CODES, type ErrorCode, type FieldError } from '../kit/errors.ts'
import { Int, List, Str } from './schemas.ts'

interface ProblemKind {
  readonly status: number
  readonly title: string
  readonly titleZh: string
  /** What the caller should do; the text of the documentation page. */
  readonly advice: string
  readonly retryable?: true
}

export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  validation_failed: {
    status: 400,
    title: 'The request is not valid',
    titleZh: '请求参数无效',
    advice: 'Correct the fields named in `errors`; nothing was done.'
  },
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency-Key is missing or malformed',
    titleZh: '缺少或无效的 Idempotency-Key',
    advice: 'Send an `Idempotency-Key` header of 1 to 255 visible characters, one for each intended effect, and the same one when you repeat it.'
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    titleZh: '未通过身份验证',
    advice: 'Send `Authorization: Bearer <API key>` with a key that is neither revoked nor expired.'
  },
  insufficient_funds: { status: 402, title: 'Insufficient funds', titleZh: '余额不足', advice: 'Top up the wallet, or buy less. No money moved.' },
  forbidden: { status: 403, title: 'Forbidden', titleZh: '没有权限', advice: 'Use a key that has the scope of this operation.' },
  account_suspended: { status: 403, title: 'Account suspended', titleZh: '账户已停用', advice: 'Ask the operator to resume the account.' },
  spend_cap_reached: {
    status: 403,
    title: 'Daily spend cap reached',
    titleZh: '已达到每日消费上限',
    advice: 'Wait for the next day (UTC), or raise the cap of this API key.'
  },
  ip_not_allowed: {
    status: 403,
    title: 'Address not allowed',
    titleZh: 'IP 地址不在白名单内',
    advice: 'Call from an address on the allow list of this API key.'
  },
  not_found: {
    status: 404,
    title: 'Not found',
    titleZh: '未找到',
    advice: 'Check the id. What belongs to someone else is answered in the same way.'
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    titleZh: '不支持的请求方法',
    advice: 'Use one of the methods in the `Allow` header.'
  },
  not_acceptable: { status: 406, title: 'Not acceptable', titleZh: '无法提供所请求的格式', advice: 'Accept `application/json`.' },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    titleZh: '请求超时',
    advice: 'Send the whole request at once; repeat it with the same key.',
    retryable: true
  },
  out_of_stock: {
    status: 409,
    title: 'Out of stock',
    titleZh: '库存不足',
    advice: 'Follow `/v1/catalog/changes`, or order with `backorder`. No money moved.'
  },
  price_changed: {
    status: 409,
    title: 'The price has changed',
    titleZh: '价格已变动',
    advice: 'Read the SKU again and decide on the new price. No money moved.'
  },
  sku_unavailable: {
    status: 409,
    title: 'The SKU cannot be ordered',
    titleZh: '商品不可购买',
    advice: 'The SKU or its product is paused. No money moved.'
  },
  reference_taken: {
    status: 409,
    title: 'The reference is taken',
    titleZh: '商户单号已被使用',
    advice: 'An order with this `reference` exists; find it with `GET /v1/orders?reference=`.'
  },
  request_in_progress: {
    status: 409,
    title: 'The request is still running',
    titleZh: '相同请求正在处理中',
    advice: 'Repeat it with the same key after `Retry-After` seconds.',
    retryable: true
  },
  state_conflict: {
    status: 409,
    title: 'Not possible in this state',
    titleZh: '当前状态不允许此操作',
    advice: 'Read the resource; its state no longer allows this.'
  },
  cursor_expired: {
    status: 410,
    title: 'The cursor is too old',
    titleZh: '游标已过期',
    advice: 'What follows it is not kept any more. Read what you follow as it is now, such as your orders, and go on from `GET /v1/events?from=now`.'
  },
  payload_too_large: { status: 413, title: 'The body is too large', titleZh: '请求内容过大', advice: 'Send less in one request.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported content type',
    titleZh: '不支持的内容类型',
    advice: 'Send a content type that the operation lists.'
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key was used for another request',
    titleZh: 'Idempotency-Key 已用于其他请求',
    advice: 'Use a new key for a new effect. Nothing was done.'
  },
  url_refused: {
    status: 422,
    title: 'The URL must not be called',
    titleZh: '不允许使用该 URL',
    advice: 'Use `https://`, the port 443 or 8443, and a name that leads to public addresses only. Nothing was done.'
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    titleZh: '请求过于频繁',
    advice: 'Wait `Retry-After` seconds. Each server instance counts on its own; `RateLimit` says what is left.',
    retryable: true
  },
  header_too_large: { status: 431, title: 'The headers are too large', titleZh: '请求头过大', advice: 'Send fewer and shorter headers.' },
  internal_error: {
    status: 500,
    title: 'Internal error',
    titleZh: '内部错误',
    advice: 'A defect of kahub; quote the `requestId`. Repeat with the same key.',
    retryable: true
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    titleZh: '系统繁忙',
    advice: 'Repeat with the same key after `Retry-After` seconds.',
    retryable: true
  },
  dependency_unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    titleZh: '服务暂时不可用',
    advice: 'Repeat with the same key after `Retry-After` seconds: the outcome may already stand, and the key finds it.',
    retryable: true
  }
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

export const ProblemSchema = Type.Object(
  {
    type: Str(200, { description: 'Resolves to a page that explains the code.', examples: ['/docs/problems/out_of_stock'] }),
    title: Str(200, { description: 'In Chinese when `Accept-Language` prefers it.' }),
    status: Int(400, 599),
    detail: Str(1000),
    instance: Str(2100, { description: 'The path of the request.' }),
    code: Type.Unsafe<ErrorCode>({ type: 'string', enum: [...ERROR_CODES] }),
    requestId: Str(100),
    retryable: Type.Boolean({ description: 'True: the same request with the same key may succeed later.' }),
    errors: Type.Optional(List(Type.Object({ pointer: Str(500), message: Str(500) }), 50))
  },
  { $id: 'Problem' }
)

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: ErrorCode
  requestId: string
  retryable: boolean
  errors?: FieldError[]
}

export interface ProblemContext {
  readonly path: string
  readonly requestId: string
  readonly language: 'en' | 'zh'
}

export function toProblem(error: DomainError, context: ProblemContext): Problem {
  const kind = PROBLEMS[error.code]
  return {
    type: `/docs/problems/${error.code}`,
    title: context.language === 'zh' ? kind.titleZh : kind.title,
    status: kind.status,
    detail: context.language === 'zh' ? `${kind.titleZh}。` : error.message,
    instance: context.path,
    code: error.code,
    requestId: context.requestId,
    retryable: kind.retryable === true,
    ...(error.errors === undefined ? {} : { errors: [...error.errors] })
  }
}

export const internalError = (cause: unknown): DomainError => new DomainError('internal_error', 'Something unexpected happened.', { cause })
