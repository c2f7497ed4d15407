// Verify checks what `grace evidence export` or `grace evidence prove` has written, with nothing of grace in it. It
// trusts a public key that was kept elsewhere, and nothing else. docs/verify.md says how it is built and used.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	vkey := flag.String("vkey", "", "`file` with the public key of the log, kept elsewhere")
	dir := flag.String("dir", ".", "`directory` that an export was unpacked into")
	noteFile := flag.String("note", "", "`file` with the signed note, if not the newest of the export")
	absent := flag.Int64("absent", 0, "the first `n` lines are not in the export, only their hashes are")
	proof := flag.String("proof", "", "check the .tlog-proof in this `file` instead of an export")
	entry := flag.String("entry", "", "`file` with the line that the proof is about, without its line feed")
	incident := flag.String("incident", "", "`file` with the line of incidents.jsonl that the entry binds")
	flag.Parse()
	if *vkey == "" || flag.NArg() > 0 || (*proof == "") != (*entry == "") || (*incident != "" && *proof == "") {
		fmt.Fprintln(os.Stderr, "needs -vkey FILE, and with -proof FILE also -entry FILE")
		flag.Usage()
		os.Exit(2)
	}
	keys := readKeys(*vkey)
	if *proof != "" {
		checkProof(keys, *proof, *entry, *incident)
	} else {
		if *noteFile == "" {
			*noteFile = filepath.Join(*dir, "immutable_audit.tlog", "checkpoint")
		}
		checkExport(keys, *dir, *noteFile, *absent)
	}
	fmt.Println("ACCEPTED")
}

func reject(format string, values ...any) {
	fmt.Printf("REJECTED: %s\n", fmt.Sprintf(format, values...))
	os.Exit(1)
}

func must[T any](value T, err error) T {
	if err != nil {
		reject("%v", err)
	}
	return value
}

func readKeys(path string) note.Verifiers {
	var keys []note.Verifier
	for _, line := range strings.Fields(string(must(os.ReadFile(path)))) {
		keys = append(keys, must(note.NewVerifier(line)))
	}
	return note.VerifierList(keys...)
}

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// openNote reads a checkpoint that a known key of its own log has signed.
func openNote(keys note.Verifiers, text []byte) checkpoint {
	opened := must(note.Open(text, keys))
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		reject("the note is not a checkpoint of three lines")
	}
	signed := opened.Sigs[0]
	if signed.Name != lines[0] {
		reject("the note is about %q and signed by %q", lines[0], signed.Name)
	}
	size := must(strconv.ParseInt(lines[1], 10, 64))
	root := must(tlog.ParseHash(lines[2]))
	fmt.Printf("signature: by %s+%08x, of %d lines\n", signed.Name, signed.Hash, size)
	return checkpoint{lines[0], size, root}
}

// tree is a growing RFC 6962 tree: the roots of its complete subtrees, largest first.
type tree struct {
	size  int64
	nodes []tlog.Hash
}

func (t *tree) add(hash tlog.Hash) {
	for n := t.size; n%2 == 1; n /= 2 {
		last := len(t.nodes) - 1
		hash = tlog.NodeHash(t.nodes[last], hash)
		t.nodes = t.nodes[:last]
	}
	t.nodes = append(t.nodes, hash)
	t.size++
}

func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.nodes[len(t.nodes)-1]
	for i := len(t.nodes) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.nodes[i], root)
	}
	return root
}

// checkExport recomputes the root from every line of the log, then looks at the incident lines that entries vouch for.
func checkExport(keys note.Verifiers, dir, noteFile string, absent int64) {
	signed := openNote(keys, must(os.ReadFile(noteFile)))
	var lines tree
	for n := int64(0); lines.size < absent; n++ {
		for _, hash := range leavesOfTile(dir, n) {
			if lines.size < absent {
				lines.add(hash)
			}
		}
	}
	vouched := vouchers{origin: signed.origin}
	unsealed := 0
	for _, path := range logFiles(dir, "immutable_audit.jsonl") {
		eachLine(path, func(line []byte, _ int64) {
			if lines.size == signed.size {
				unsealed++
				return
			}
			lines.add(tlog.RecordHash(line))
			vouched.look(line, lines.size)
		})
	}
	if lines.size < signed.size {
		reject("the log has %d lines, the note covers %d", lines.size, signed.size)
	}
	if root := lines.root(); root != signed.root {
		reject("the lines give the root %v, the note says %v: a line was changed", root, signed.root)
	}
	fmt.Printf("audit log: %d lines give the signed root", lines.size)
	fmt.Printf("; %d of them absent, %d after them not sealed\n", absent, unsealed)
	vouched.check(logFiles(dir, "incidents.jsonl"))
}

// checkProof checks one line against a C2SP tlog-proof, and the incident line that it binds.
func checkProof(keys note.Verifiers, path, entryFile, incidentFile string) {
	head, noteText, _ := bytes.Cut(must(os.ReadFile(path)), []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		reject("%s is not a tlog-proof", path)
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64))
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		proof = append(proof, must(tlog.ParseHash(line)))
	}
	signed := openNote(keys, noteText)
	line := must(os.ReadFile(entryFile))
	if err := tlog.CheckRecord(proof, signed.size, signed.root, index, tlog.RecordHash(line)); err != nil {
		reject("%s is not line %d of the log: %v", entryFile, index+1, err)
	}
	fmt.Printf("entry: line %d of the log that was signed\n", index+1)
	if incidentFile == "" {
		return
	}
	voucher := must(parseEntry(line))
	if voucher.Actor != "grace" || voucher.Action != "incident_snapshot" {
		reject("%s vouches for no incident line", entryFile)
	}
	bound := voucher.Metadata
	hash := sha256.Sum256(must(os.ReadFile(incidentFile)))
	if hex.EncodeToString(hash[:]) != bound.SHA256 {
		reject("%s has the hash %x, the entry says %s", incidentFile, hash, bound.SHA256)
	}
	fmt.Println("incident: the line that the entry vouches for")
}

// entry is what matters of a line of the audit log.
type entry struct {
	ID       string `json:"entry_id"`
	Actor    string `json:"actor"`
	Action   string `json:"action"`
	Metadata struct {
		Origin    string `json:"origin"`
		FirstLine int64  `json:"first_line"`
		Lines     int64  `json:"lines"`
		Offset    int64  `json:"offset"`
		Length    int64  `json:"length"`
		SHA256    string `json:"sha256"`
		Incidents struct {
			Lines  int64  `json:"lines"`
			SHA256 string `json:"sha256"`
		} `json:"incidents"`
	} `json:"metadata"`
}

func parseEntry(line []byte) (e entry, err error) {
	err = json.Unmarshal(line, &e)
	return e, err
}

type placed struct {
	entry
	line int64
}

// vouchers are the entries that say something about lines of incidents.jsonl.
type vouchers struct {
	origin   string
	adoption *placed
	bindings []placed
	foreign  []placed
}

// look keeps the entry if it vouches for something; line counts from 1.
func (v *vouchers) look(text []byte, line int64) {
	if !bytes.Contains(text, []byte("incident_snapshot")) && !bytes.Contains(text, []byte("foreign_lines_sealed")) &&
		!bytes.Contains(text, []byte("audit_log_adopted")) {
		return
	}
	e, err := parseEntry(text)
	if err != nil {
		return
	}
	switch e.Action {
	case "incident_snapshot":
		v.bindings = append(v.bindings, placed{e, line})
	case "foreign_lines_sealed":
		v.foreign = append(v.foreign, placed{e, line})
	case "audit_log_adopted":
		if v.adoption == nil && e.Metadata.Origin == v.origin {
			v.adoption = &placed{e, line}
		}
	}
}

// isForeign says whether a line was sealed as another program's. The entry that says so comes after the line, and
// may itself stand among such lines: then it was made up. So the last one is believed first.
func (v *vouchers) isForeign() func(line int64) bool {
	var genuine []placed
	within := func(line int64) bool {
		for _, g := range genuine {
			if line >= g.Metadata.FirstLine && line < g.Metadata.FirstLine+g.Metadata.Lines {
				return true
			}
		}
		return false
	}
	for i := len(v.foreign) - 1; i >= 0; i-- {
		if f := v.foreign[i]; !within(f.line) && f.Metadata.FirstLine+f.Metadata.Lines <= f.line {
			genuine = append(genuine, f)
		}
	}
	return within
}

func (v *vouchers) check(paths []string) {
	lines, digest := 0, sha256.New()
	type place struct {
		path   string
		offset int64
	}
	unbound := map[place]bool{}
	adopted := int64(0)
	if v.adoption != nil {
		adopted = v.adoption.Metadata.Incidents.Lines
	}
	var files []*os.File
	for _, path := range paths {
		files = append(files, must(os.Open(path)))
		eachLine(path, func(line []byte, offset int64) {
			if int64(lines) < adopted {
				digest.Write(line)
				digest.Write([]byte{'\n'})
			} else {
				unbound[place{path, offset}] = true
			}
			lines++
		})
	}
	if adopted > 0 {
		if sum := hex.EncodeToString(digest.Sum(nil)); sum != v.adoption.Metadata.Incidents.SHA256 {
			reject("the first %d lines of incidents.jsonl are not those that line %d found when the log was sealed",
				adopted, v.adoption.line)
		}
	}
	isForeign := v.isForeign()
	bound := 0
	for _, b := range v.bindings {
		if isForeign(b.line) {
			continue
		}
		found := false
		for i, file := range files {
			if hashOf(file, b.Metadata.Offset, b.Metadata.Length) == b.Metadata.SHA256 {
				found = true
				delete(unbound, place{paths[i], b.Metadata.Offset})
			}
		}
		if !found {
			reject("the incident line at byte %d was changed or is gone: line %d of the audit log says it has the hash %s",
				b.Metadata.Offset, b.line, b.Metadata.SHA256)
		}
		bound++
	}
	fmt.Printf("incidents: %d lines; %d entries vouch for lines that are as they say; ", lines, bound)
	fmt.Printf("%d lines are from before the seal and as it found them; %d lines nobody vouches for\n", adopted, len(unbound))
}

func hashOf(file *os.File, offset, length int64) string {
	hash := sha256.New()
	if n, err := io.Copy(hash, io.NewSectionReader(file, offset, length)); err != nil || n != length {
		return ""
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// eachLine gives every line that has an end, without it, and its offset.
func eachLine(path string, visit func(line []byte, offset int64)) {
	file := must(os.Open(path))
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	offset := int64(0)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			reject("%v", err)
		}
		visit(line[:len(line)-1], offset)
		offset += int64(len(line))
	}
}

// logFiles gives the files of a log, oldest first: what log rotation has dated, what it has numbered, the live one.
func logFiles(dir, base string) []string {
	dated := regexp.MustCompile(`^-\d{8}(-?\d{1,10})?$`)
	numbered := regexp.MustCompile(`^\.\d{1,6}$`)
	var first, then, last []string
	for _, file := range must(os.ReadDir(dir)) {
		if !strings.HasPrefix(file.Name(), base) {
			continue
		}
		suffix, path := file.Name()[len(base):], filepath.Join(dir, file.Name())
		switch {
		case suffix == "":
			last = append(last, path)
		case dated.MatchString(suffix):
			first = append(first, path)
		case numbered.MatchString(suffix):
			then = append(then, path)
		}
	}
	number := func(path string) int {
		return must(strconv.Atoi(path[strings.LastIndex(path, ".")+1:]))
	}
	sort.Strings(first)
	sort.Slice(then, func(i, j int) bool { return number(then[i]) > number(then[j]) })
	return append(append(first, then...), last...)
}

// leavesOfTile reads the hashes of 256 lines from the C2SP tlog-tiles of level 0; of fewer where the tree ends.
func leavesOfTile(dir string, index int64) (hashes []tlog.Hash) {
	name := fmt.Sprintf("%03d", index%1000)
	for n := index / 1000; n > 0; n /= 1000 {
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	path := filepath.Join(dir, "immutable_audit.tlog", "tile", "0", name)
	tile, err := os.ReadFile(path)
	if partial := must(filepath.Glob(path + ".p/*")); err != nil && len(partial) > 0 {
		tile, err = os.ReadFile(partial[0])
	}
	tile = must(tile, err)
	for len(tile) >= tlog.HashSize {
		var hash tlog.Hash
		tile = tile[copy(hash[:], tile):]
		hashes = append(hashes, hash)
	}
	if len(hashes) == 0 {
		reject("%s is empty", path)
	}
	return hashes
}
