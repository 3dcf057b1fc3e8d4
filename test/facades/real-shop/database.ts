/** A MariaDB server of its own in a directory. */
import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { environment, freePort, type Program, run, startProgram } from './programs.ts'

export interface Database extends Program {
  readonly host: string
  readonly name: string
  readonly user: string
  readonly password: string
  /** One statement; its rows as lists of texts. */
  readonly sql: (text: string) => Promise<string[][]>
}

export async function startDatabase(dir: string): Promise<Database> {
  await mkdir(dir, { recursive: true })
  const [data, socket, port] = [join(dir, 'data'), join(dir, 'socket'), await freePort()]
  const user = userInfo().username
  await run(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', `--user=${user}`],
    {
      env: environment
    }
  )
  const client = async (text: string, database: readonly string[] = []): Promise<string[][]> => {
    const { stdout } = await run('mariadb', ['--no-defaults', '-u', 'root', '-S', socket, '-N', '-B', ...database, '-e', text], { env: environment })
    return stdout.split('\n').flatMap(line => (line === '' ? [] : [line.split('\t')]))
  }
  const isReady = (): Promise<boolean> =>
    client('SELECT 1').then(
      () => true,
      () => false
    )
  const args = [
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--user=${user}`,
    `--pid-file=${join(dir, 'pid')}`
  ]
  const program = await startProgram('mariadbd', ['--no-defaults', '--innodb-flush-log-at-trx-commit=2', ...args], { isReady })
  const [name, password] = ['acg', 'acg-password']
  await client(`CREATE DATABASE ${name}; CREATE USER 'acg'@'%' IDENTIFIED BY '${password}'; GRANT ALL ON ${name}.* TO 'acg'@'%'`)
  return {
    ...program,
    host: `127.0.0.1;port=${port}`,
    name,
    user: 'acg',
    password,
    sql: text => client(text, ['--default-character-set=utf8mb4', name])
  }
}
