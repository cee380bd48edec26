/** The members of an object that are there: a field that has nothing to say is absent. */
export function present<T extends object>(object: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const said = Object.entries(object).filter(([, value]) => value !== undefined)
  // What is left is what the type says.
  return Object.fromEntries(said) as { [Name in keyof T]?: Exclude<T[Name], undefined> }
}
