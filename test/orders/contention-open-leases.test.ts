/** The same suite with leases that everybody is granted: nothing but speed may depend on them. */
import t from 'tap'
import { createOpenLeases } from '../../src/kit/lock.ts'
import { contentionSuite } from './contention-suite.ts'

contentionSuite(t, createOpenLeases)
