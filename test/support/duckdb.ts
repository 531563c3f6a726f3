import { DuckDBInstance } from '@duckdb/node-api'

/** A database in memory that asks files; every value as text, so that nothing is rounded on the way here. */
export interface Duck {
  /** Rows as objects of text; null stays null. */
  ask(sql: string): Promise<Record<string, string | null>[]>
  run(sql: string): Promise<void>
  close(): void
}

export async function openDuck(): Promise<Duck> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return {
    async ask(sql) {
      const result = await connection.runAndReadAll(
        `SELECT COLUMNS(*)::VARCHAR FROM (${sql.replace(/;\s*$/, '')})`,
      )
      return result.getRowObjectsJson() as Record<string, string | null>[]
    },
    async run(sql) {
      await connection.run(sql)
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
