/** Line charts by hand: small, without a dependency, readable on a light and a dark page. */

export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  /** Also the name of its file. */
  readonly name: string
  readonly title: string
  readonly x: string
  readonly y: string
  readonly lines: readonly Line[]
}

const WIDTH = 720
const HEIGHT = 400
const MARGIN = { left: 80, right: 24, top: 64, bottom: 56 }
const TICKS = 5
const COLOURS = ['#0b6e99', '#c4542d', '#4c8c2b', '#8250a8']

interface Axis {
  readonly max: number
  readonly ticks: readonly number[]
}

/** From zero, so that a curve never looks steeper than it is, to a round number. */
function axisTo(largest: number): Axis {
  const rough = Math.max(largest, Number.MIN_VALUE) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(each => each >= rough) ?? rough
  const count = Math.ceil(largest / step - 1e-9)
  return { max: step * count, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) }
}

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const shorten = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 })
const at = (value: number): string => value.toFixed(1)

export function toSvg({ title, x, y, lines }: Chart): string {
  const all = lines.flatMap(line => line.points)
  const across = axisTo(Math.max(...all.map(([value]) => value)))
  const up = axisTo(Math.max(...all.map(([, value]) => value)))
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const toX = (value: number): string => at(MARGIN.left + (value / across.max) * (right - MARGIN.left))
  const toY = (value: number): string => at(bottom - (value / up.max) * (bottom - MARGIN.top))
  const grid = up.ticks.map(
    tick =>
      `<path class="g" d="M${MARGIN.left} ${toY(tick)}H${right}"/><text x="${MARGIN.left - 8}" y="${toY(tick)}" dy=".35em" text-anchor="end">${shorten(tick)}</text>`
  )
  const marks = across.ticks.map(tick => `<text x="${toX(tick)}" y="${bottom + 20}" text-anchor="middle">${shorten(tick)}</text>`)
  const curves = lines.map(({ points }, index) => {
    const path = points.map(([px, py], n) => `${n === 0 ? 'M' : 'L'}${toX(px)} ${toY(py)}`).join('')
    return `<path d="${path}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="2"/>`
  })
  const legend = lines.map(({ name }, index) => {
    const left = MARGIN.left + index * 300
    return `<path d="M${left} 46h20" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="3"/><text x="${left + 26}" y="46" dy=".35em">${escapeText(name)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#555">`,
    `<title>${escapeText(title)}</title>`,
    '<style>.g{stroke:#999;stroke-opacity:.3}@media(prefers-color-scheme:dark){svg{fill:#ccc}}</style>',
    `<text x="${MARGIN.left}" y="24" font-size="16" font-weight="600">${escapeText(title)}</text>`,
    ...grid,
    ...marks,
    `<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeText(x)}</text>`,
    `<text transform="translate(18 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(y)}</text>`,
    ...curves,
    ...legend,
    '</svg>',
    ''
  ].join('\n')
}
