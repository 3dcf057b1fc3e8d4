/**
 * drizzle through its CommonJS build: as ES modules it costs 180 MB of memory and up to a second at start,
 * because Node parses its large package.json once for each module. Same types, same objects.
 */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

const orm = load('drizzle-orm') as typeof import('drizzle-orm')
const core = load('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
const driver = load('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')

export const { and, asc, desc, eq, gt, inArray, isNull, lt, sql } = orm
export const { bigint, boolean, char, customType, integer, jsonb, pgTable, text, timestamp, uuid } = core
export const { drizzle } = driver

export type { NodePgDatabase } from 'drizzle-orm/node-postgres'
