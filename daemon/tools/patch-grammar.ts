/** The patch format as a Lark grammar, for models that take custom tools (agent.md §8). */
export const patchGrammar = `start: begin section+ end
begin: "*** Begin Patch" LF
end: "*** End Patch" LF?

section: added | deleted | updated
added: "*** Add File: " PATH LF new_line+
deleted: "*** Delete File: " PATH LF
updated: "*** Update File: " PATH LF moved? chunk*
moved: "*** Move to: " PATH LF

chunk: scope? changed_line+ file_end?
scope: ("@@" | "@@ " REST) LF
new_line: "+" REST? LF
changed_line: ("+" | "-" | " ") REST? LF
file_end: "*** End of File" LF

PATH: /[^\\n]+/
REST: /[^\\n]+/

%import common.LF
`;
