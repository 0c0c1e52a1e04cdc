import { describe, expect, test } from 'vitest';
import { extractHeredocPatch } from '../../../machines/patch/heredoc.ts';

const patch = '*** Begin Patch\n*** Add File: a\n+$x `y`\n*** End Patch';

describe('extractHeredocPatch', () => {
  test.each([
    { script: `apply_patch <<'EOF'\n${patch}\nEOF`, cwd: null },
    { script: `\n  apply_patch <<'EOF'\n${patch}\nEOF\n\n`, cwd: null },
    { script: `applypatch <<"PATCH"\n${patch}\nPATCH\n`, cwd: null },
    { script: `apply_patch<<EOF\n${patch}\nEOF`, cwd: null },
    { script: `cd sub/dir && apply_patch <<'EOF'\n${patch}\nEOF`, cwd: 'sub/dir' },
    { script: `cd 'my folder $1' && apply_patch <<'EOF'\n${patch}\nEOF`, cwd: 'my folder $1' },
    { script: `cd "my folder"&&applypatch << 'EOF'\n${patch}\nEOF`, cwd: 'my folder' },
    { script: `cd .. && apply_patch <<'EOF'\n${patch}\nEOF`, cwd: '..' },
  ])('finds the patch in $script', ({ script, cwd }) => {
    expect(extractHeredocPatch(script)).toEqual({ patch, cwd });
  });

  test.each([
    ['no heredoc', `apply_patch '${patch}'`],
    ['another command', `cat <<'EOF'\n${patch}\nEOF`],
    ['arguments', `apply_patch -x <<'EOF'\n${patch}\nEOF`],
    ['a here-string', `apply_patch <<<'EOF'\n${patch}\nEOF`],
    ['a heredoc that drops tabs', `apply_patch <<-'EOF'\n${patch}\nEOF`],
    ['no end', `apply_patch <<'EOF'\n${patch}`],
    ['an early end', `apply_patch <<'EOF'\n${patch}\nEOF\n+x\nEOF`],
    ['a statement behind it', `apply_patch <<'EOF'\n${patch}\nEOF\nrm -rf x`],
    ['a command on the same line', `apply_patch <<'EOF' && ls\n${patch}\nEOF`],
    ['a redirection', `apply_patch <<'EOF' > out\n${patch}\nEOF`],
    ['a statement before it', `ls; apply_patch <<'EOF'\n${patch}\nEOF`],
    ['cd as a statement of its own', `cd a\napply_patch <<'EOF'\n${patch}\nEOF`],
    ['cd with ;', `cd a; apply_patch <<'EOF'\n${patch}\nEOF`],
    ['cd with ||', `cd a || apply_patch <<'EOF'\n${patch}\nEOF`],
    ['two folders', `cd a b && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['two cd', `cd a && cd b && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['an option of cd', `cd -P && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['a quoted option of cd', `cd '-' && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['the home folder', `cd ~/x && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['a variable', `cd "$HOME" && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['a pattern', `cd a* && apply_patch <<'EOF'\n${patch}\nEOF`],
    ['an assignment', `A=1 apply_patch <<'EOF'\n${patch}\nEOF`],
  ])('leaves %s to the shell', (_name, script) => {
    expect(extractHeredocPatch(script)).toBeNull();
  });
});
