import { join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const entries = { 'otlp-tally': 'src/index.ts', 'otlp-tally/cli': 'src/cli.ts' }

const HEAD = `# API reference

Generated from the docstrings by \`npm run docs:api\`. [decision.md](decision.md) says when something is counted.
`

/** `docs/api.md`: every name that the package exports, with its signature, docstring and example. */
export function apiReference(): string {
  const files = Object.values(entries).map(file => join(root, file))
  const program = ts.createProgram(files, { allowImportingTsExtensions: true, noEmit: true })
  const checker = program.getTypeChecker()
  const chapters = Object.entries(entries).map(([specifier, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, file))!)!
    const names = checker.getExportsOfModule(module).map(name => resolved(name, checker))
    names.sort((a, b) => place(a).localeCompare(place(b)))
    const [functions, types] = [true, false].map(wanted => names.filter(name => isFunction(name) === wanted))
    const exported = new Set(names.map(({ name }) => name))
    const sections = [...functions!, ...types!].map(name => section(name, exported, checker))
    return [`## \`${specifier}\`\n`, ...sections].join('\n')
  })
  return [HEAD, ...chapters].join('\n')
}

/** The symbol that a re-exported name refers to. */
function resolved(name: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name
}

/** In the order of the source, where `initTelemetry` comes before what needs it. */
function place(name: ts.Symbol): string {
  const [declaration] = name.declarations!
  return `${declaration!.getSourceFile().fileName} ${String(declaration!.getStart()).padStart(9, '0')}`
}

const isFunction = (name: ts.Symbol) => Boolean(name.flags & ts.SymbolFlags.Function)

function section(name: ts.Symbol, exported: ReadonlySet<string>, checker: ts.TypeChecker): string {
  const [declaration] = name.declarations!
  const parts = [`### \`${name.name}\``, prose(name, checker)]
  if (ts.isInterfaceDeclaration(declaration!)) {
    const [base] = declaration.heritageClauses?.[0]?.types ?? []
    // One that is not exported has no section to refer to.
    if (base && exported.has(base.getText())) parts.push(`All of \`${base.getText()}\`, and:`)
    parts.push(table(declaration, checker))
  } else parts.unshift(parts.shift()!, fence('ts', signature(declaration!)))
  parts.push(...examples(name, checker))
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** A declaration without its body. */
function signature(declaration: ts.Declaration): string {
  const body = ts.isFunctionDeclaration(declaration) ? declaration.body : undefined
  const text = declaration.getText()
  return text
    .slice(0, body ? body.getStart() - declaration.getStart() : undefined)
    .replace(/^export (async )?/, '')
    .replace(/^ *\/\/.*\n/gm, '')
    .trim()
}

function prose(name: ts.Symbol, checker: ts.TypeChecker): string {
  return ts.displayPartsToString(name.getDocumentationComment(checker))
}

/** The examples in the docstring of a name, unchanged. */
function examples(name: ts.Symbol, checker: ts.TypeChecker): string[] {
  return name
    .getJsDocTags(checker)
    .filter(tag => tag.name === 'example')
    .map(tag => ts.displayPartsToString(tag.text))
}

/** The members of an interface, one row each. */
function table(declaration: ts.InterfaceDeclaration, checker: ts.TypeChecker): string {
  const { members } = declaration
  const areOptions = members.some(({ questionToken }) => questionToken)
  const rows = members.map(member => {
    const name = checker.getSymbolAtLocation(member.name!)!
    const required = areOptions && !member.questionToken ? ', required' : ''
    const type = ts.isPropertySignature(member)
      ? typeText(member.type!)
      : member.getText().slice(name.name.length)
    return [`\`${name.name}\`${required}`, `\`${type}\``, prose(name, checker)]
  })
  const lines = [['name', 'type', 'what it is'], ['---', '---', '---'], ...rows]
  return lines
    .map(cells => `| ${cells.map(cell => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

/** The type as it is written. Of a generic function only the names of its parameters. */
function typeText(type: ts.TypeNode): string {
  if (!ts.isFunctionTypeNode(type) || !type.typeParameters)
    return type.getText().replace(/ \| undefined$/, '')
  const parameters = type.parameters.map(
    ({ name, questionToken }) => name.getText() + (questionToken ? '?' : ''),
  )
  return `(${parameters.join(', ')}) => ${type.type.getText()}`
}

const fence = (language: string, code: string) => `\`\`\`${language}\n${code}\n\`\`\``
