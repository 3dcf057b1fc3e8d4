export interface Counts {
  passed: number
  failed: number
}

/**
 * Counts from the TAP of a whole run. A test is what stands directly in a test file; a file that fails without a
 * failing test (it crashed, timed out, planned otherwise) counts as one failure, so that nothing ends silently.
 * Skipped and todo tests are neither. A file's points come before its own line, or after it when that ends in "{".
 */
export function countTap(tap: string): Counts {
  const total: Counts = { passed: 0, failed: 0 }
  let file: Counts = { passed: 0, failed: 0 }
  let failedFile = false
  let bailedOut = false
  const endFile = () => {
    if (failedFile && file.failed === 0) file.failed = 1
    total.passed += file.passed
    total.failed += file.failed
    file = { passed: 0, failed: 0 }
    failedFile = false
  }
  for (const line of tap.split('\n')) {
    const point = /^( {4})?(not )?ok\b(.*)$/.exec(line)
    if (point?.[1]) {
      if (/ # (SKIP|TODO)\b/i.test(point[3] ?? '')) continue
      if (point[2]) file.failed++
      else file.passed++
    } else if (point) {
      failedFile = point[2] !== undefined
      if (!line.endsWith('{')) endFile()
    } else if (line === '}') {
      endFile()
    } else if (line.startsWith('Bail out!')) {
      bailedOut = true
    }
  }
  // A run that was given up has no line for the file that it was given up in.
  failedFile = bailedOut
  endFile()
  return total
}

/** Points listed, and lines shown of each: enough to find the fault in a log that is cut from above. */
const SHOWN_FAILURES = 20
const SHOWN_LINES = 40

/** Every failing point of a whole run's TAP with the diagnostics under it, indented as tap nested them. */
export function listFailures(tap: string): string {
  const shown: string[] = []
  let failures = 0
  let left = 0
  for (const line of tap.split('\n')) {
    const point = /^ *(not )?ok\b/.exec(line)
    if (point) {
      left = point[1] && failures++ < SHOWN_FAILURES ? SHOWN_LINES : 0
      if (left > 0) shown.push(line)
    } else if (left > 0) {
      shown.push(line)
      left = /^ *(\.\.\.|# Subtest.*|\})$/.test(line) ? 0 : left - 1
    }
  }
  return shown.join('\n')
}
