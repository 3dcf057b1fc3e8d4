/** Endpoints and what was sent to them. */
import { type TSchema, Type } from 'typebox'
import { exampleId, Id, Int, List, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../../http/index.ts'
import { DELIVERY_STATES } from './delivery.ts'
import { ENDPOINT_STATES, PAUSE_REASONS } from './endpoint.ts'

const CLOSED = { additionalProperties: false }
/** What is longer than the body may be is refused with the body; all others are told what is wrong with them. */
const URL_TEXT_MAX = 1_048_576
const FILTERS_MAX = 50
const EXAMPLE_URL = 'https://shop.example.com/webhooks/kahub'

const EventFilters = List(Str(60, { pattern: '^[a-z]+(\\.[a-z_]+)*(\\.\\*)?$', examples: ['order.fulfilled', 'order.*'] }), FILTERS_MAX, {
  description: 'Types of events to send, such as `order.fulfilled`, or groups, such as `order.*`. Empty: all.'
})

const Url = Type.String({
  maxLength: URL_TEXT_MAX,
  description:
    'Must begin with `https://`, use the port 443 or 8443, lead to a public address, and have at most 2,000 characters; otherwise it is `url_refused`. ' +
    'Redirects are not followed.',
  examples: [EXAMPLE_URL]
})

const Description = Nullable(Str(500, { description: 'For yourself.' }))

const endpointExample = {
  id: exampleId('endpoint'),
  url: EXAMPLE_URL,
  description: 'shop backend',
  events: ['order.*'],
  state: 'active',
  pauseReason: null,
  pausedAt: null,
  failingSince: null,
  createdAt: '2026-11-23T08:30:00.000Z'
}

const endpointFields = {
  id: Id('endpoint'),
  url: Url,
  description: Description,
  events: EventFilters,
  state: OneOf(ENDPOINT_STATES, { description: 'Nothing is sent to a paused endpoint.' }),
  pauseReason: Nullable(OneOf(PAUSE_REASONS, { description: '`failures`: nothing was delivered for five days. `gone`: the endpoint answered 410.' })),
  pausedAt: Nullable(Timestamp()),
  failingSince: Nullable(Timestamp('The first failure after the last success.')),
  createdAt: Timestamp()
}

export const WebhookEndpointSchema = Type.Object(endpointFields, { $id: 'WebhookEndpoint', examples: [endpointExample] })

const SigningSecret = Str(200, {
  description: 'Signs what is sent (Standard Webhooks). Shown here and never again.',
  examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQ2Fpr8rV3nA=']
})

export const CreatedWebhookEndpointSchema = Type.Object(
  { ...endpointFields, secret: SigningSecret },
  { $id: 'CreatedWebhookEndpoint', examples: [{ ...endpointExample, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQ2Fpr8rV3nA=' }] }
)

export const WebhookDeliverySchema = Type.Object(
  {
    id: Id('delivery'),
    eventId: Id('event', 'The same as in the feed of events, and in the header `webhook-id` of each attempt.'),
    type: Str(60, { examples: ['order.fulfilled'] }),
    state: OneOf(DELIVERY_STATES, { description: '`failed`: there is no further attempt, unless you ask for a redelivery.' }),
    attempts: Int(0, 1_000, { description: 'Since it was created, redelivered, or resumed.' }),
    nextAttemptAt: Nullable(Timestamp('While an attempt is made: when the next one may begin.')),
    lastStatus: Nullable(Int(100, 999, { description: 'The HTTP status of the last attempt that was answered.' })),
    lastError: Nullable(Str(200, { description: 'What was wrong with the last attempt.', examples: ['timeout'] })),
    createdAt: Timestamp(),
    finishedAt: Nullable(Timestamp())
  },
  {
    $id: 'WebhookDelivery',
    examples: [
      {
        id: exampleId('delivery'),
        eventId: exampleId('event'),
        type: 'order.fulfilled',
        state: 'pending',
        attempts: 1,
        nextAttemptAt: '2026-11-23T08:30:05.000Z',
        lastStatus: 503,
        lastError: 'answered 503',
        createdAt: '2026-11-23T08:30:00.000Z',
        finishedAt: null
      }
    ]
  }
)

const page = <T extends TSchema>(id: string, items: T) => ({ ...PageOf(Ref(items)), $id: id })
export const WebhookEndpointPage = page('WebhookEndpointPage', WebhookEndpointSchema)
export const WebhookDeliveryPage = page('WebhookDeliveryPage', WebhookDeliverySchema)

export const CreateEndpoint = Type.Object(
  { url: Url, events: Type.Optional(EventFilters), description: Type.Optional(Description) },
  { ...CLOSED, examples: [{ url: EXAMPLE_URL, events: ['order.*'] }] }
)

export const UpdateEndpoint = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(EventFilters),
    description: Type.Optional(Description),
    state: Type.Optional(OneOf(ENDPOINT_STATES, { description: '`active` does the same as resume.' }))
  },
  { ...CLOSED, minProperties: 1, examples: [{ events: ['order.fulfilled', 'order.failed'] }] }
)

export const SecretSchema = Type.Object({ secret: SigningSecret }, { $id: 'WebhookSecret' })

export const EndpointParams = Type.Object({ id: PathId('endpoint') })
export const DeliveryParams = Type.Object({ id: PathId('endpoint'), deliveryId: PathId('delivery') })
export const PageQuery = Type.Object(pageQuery, CLOSED)
export const DeliveriesQuery = Type.Object({ ...pageQuery, state: Type.Optional(OneOf(DELIVERY_STATES, { description: 'Only these.' })) }, CLOSED)

export const outboundSchemas: TSchema[] = [
  WebhookEndpointSchema,
  CreatedWebhookEndpointSchema,
  WebhookDeliverySchema,
  WebhookEndpointPage,
  WebhookDeliveryPage,
  SecretSchema
]
