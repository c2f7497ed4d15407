/** Migrations and queries live in .sql files; the build inlines them as text. */
declare module '*.sql' {
  const text: string;
  export default text;
}
