/** Names that say something, the same files in every module, and documents whose links lead somewhere. */
import { posix } from 'node:path'
import { placeOf } from '../places.ts'
import type { Rule, Tree, Violation } from '../rule.ts'

/** What they would hold belongs to a module, under a name of its own. */
const EMPTY_WORDS = new Set([
  'util',
  'utils',
  'utility',
  'utilities',
  'helper',
  'helpers',
  'manager',
  'managers',
  'misc',
  'common',
  'shared',
  'stuff'
])

export const names: Rule = {
  name: 'names',
  level: 'error',
  check: tree => [
    ...tree.sources.flatMap(({ path }) => {
      const word = path.split(/[/.-]/).find(each => EMPTY_WORDS.has(each.toLowerCase()))
      return word === undefined ? [] : [{ path, message: `"${word}" says nothing about what it holds` }]
    }),
    ...tree.sources.flatMap(({ path, defaultExports }) =>
      path.startsWith('src/')
        ? defaultExports.map(line => ({ path, line, message: 'default exports have as many names as importers: name it here' }))
        : []
    )
  ]
}

export const modules: Rule = {
  name: 'module folders',
  level: 'error',
  check: tree => {
    const folders = tree.sources.flatMap(({ path }) => {
      const place = placeOf(path)
      return place.kind === 'module' ? [place.name] : []
    })
    return [...new Set(folders)].flatMap(name => checkModule(tree, name))
  }
}

function checkModule(tree: Tree, name: string): Violation[] {
  const path = `src/${name}`
  const door = tree.paths.has(`${path}/index.ts`) ? [] : [{ path, message: 'has no index.ts, its door' }]
  const readme = tree.documents.find(each => each.path === `${path}/README.md`)
  if (readme === undefined) return [...door, { path, message: 'has no README.md' }]
  const missing = ['It owns', 'It does not own'].filter(each => !readme.text.includes(each))
  return [...door, ...missing.map(each => ({ path: readme.path, message: `does not say "${each}"` }))]
}

const LINK = /\]\(<?([^)\s>]+)>?[^)]*\)/g

export const links: Rule = {
  name: 'links of documents',
  level: 'error',
  check: tree =>
    tree.documents.flatMap(({ path, text }) => text.split('\n').flatMap((line, index) => brokenLinks(tree, path, { text: line, number: index + 1 })))
}

function brokenLinks(tree: Tree, path: string, line: { text: string; number: number }): Violation[] {
  return [...line.text.matchAll(LINK)].flatMap(([, target = '']) => {
    if (/^[a-z]+:|^#|^\/\//i.test(target)) return []
    const file = posix.join(posix.dirname(path), decodeURI(target.replace(/[#?].*$/, ''))).replace(/\/$/, '')
    return file === '.' || tree.paths.has(file) ? [] : [{ path, line: line.number, message: `links to ${target}, which is not there` }]
  })
}
