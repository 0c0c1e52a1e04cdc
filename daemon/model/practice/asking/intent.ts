/** What a prompt asks for. Paths and commands stand as the person wrote them. */
export type Intent =
  | { readonly kind: 'about' }
  | { readonly kind: 'again' }
  | { readonly kind: 'listFolder'; readonly path: string }
  | { readonly kind: 'runTests' }
  | { readonly kind: 'showFiles'; readonly paths: readonly string[] }
  | { readonly kind: 'createFile'; readonly path: string; readonly content: string; readonly mayOverwrite: boolean }
  | { readonly kind: 'editFile'; readonly path: string; readonly find: string; readonly replaceBy: string }
  | { readonly kind: 'appendLine'; readonly path: string; readonly line: string }
  | { readonly kind: 'fixBug' }
  | { readonly kind: 'runCommand'; readonly command: string; readonly isEscalated: boolean }
  | { readonly kind: 'writeOutside'; readonly path: string; readonly content: string };
