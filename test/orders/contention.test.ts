import t from 'tap'
import { contentionSuite } from './contention-suite.ts'

contentionSuite(t, null)
