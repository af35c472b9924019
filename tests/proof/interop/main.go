// Reads a log's folder and a bundle with golang.org/x/mod/sumdb, the first
// implementation of tiled logs and of signed notes: nothing here is ours.
//
//	go run main.go PUBLIC BUNDLE LOG-KEY WITNESS-KEY OLD-SIZE OLD-ROOT
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tiles string

func (folder tiles) Height() int                         { return 8 }
func (folder tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (folder tiles) ReadTiles(all []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, one := range all {
		// The paths of C2SP tlog-tiles are those of sumdb without the height.
		path := strings.Replace(one.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(folder), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// cosigner verifies cosignature/v1 lines, which came after sumdb.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	at := binary.BigEndian.Uint64(sig[:8])
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func cosignerOf(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	must(err)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	if key[0] != 4 || len(key) != 33 {
		log.Fatal("no key of a cosigner")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func open(text []byte, known note.Verifiers) (tlog.Tree, int) {
	opened, err := note.Open(text, known)
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}, len(opened.Sigs)
}

func main() {
	public := os.Args[1]
	logKey, err := note.NewVerifier(os.Args[3])
	must(err)
	known := note.VerifierList(logKey, cosignerOf(os.Args[4]))

	text, err := os.ReadFile(filepath.Join(public, "checkpoint"))
	must(err)
	tree, signatures := open(text, known)
	reader := tlog.TileHashReader(tree, tiles(public))

	// Every entry hashes to the log's leaf, and its proof holds.
	entries := 0
	for n := int64(0); n*256 < tree.N; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: 256}
		if tree.N-n*256 < 256 {
			tile.W = int(tree.N - n*256)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(public, path))
		must(err)
		for ; len(data) > 0; entries++ {
			size := int(binary.BigEndian.Uint16(data))
			leaf := tlog.RecordHash(data[2 : 2+size])
			data = data[2+size:]
			proof, err := tlog.ProveRecord(tree.N, int64(entries), reader)
			must(err)
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(entries), leaf))
		}
	}

	// The log only grew since the older checkpoint.
	oldSize, err := strconv.ParseInt(os.Args[5], 10, 64)
	must(err)
	oldRoot, err := tlog.ParseHash(os.Args[6])
	must(err)
	growth, err := tlog.ProveTree(tree.N, oldSize, reader)
	must(err)
	must(tlog.CheckTree(growth, tree.N, tree.Hash, oldSize, oldRoot))

	// The proofs that our bundle carries hold, for the leaves that the log has.
	var bundle struct {
		Logs []struct {
			Checkpoint string
			Entries    []struct {
				Index int64
				Proof []string
			}
		}
	}
	raw, err := os.ReadFile(os.Args[2])
	must(err)
	must(json.Unmarshal(raw, &bundle))
	shown := 0
	for _, part := range bundle.Logs {
		state, _ := open([]byte(part.Checkpoint), known)
		for _, entry := range part.Entries {
			var proof tlog.RecordProof
			for _, word := range entry.Proof {
				hash, err := tlog.ParseHash(word)
				must(err)
				proof = append(proof, hash)
			}
			at := tlog.StoredHashIndex(0, entry.Index)
			leaf, err := reader.ReadHashes([]int64{at})
			must(err)
			must(tlog.CheckRecord(proof, state.N, state.Hash, entry.Index, leaf[0]))
			shown++
		}
	}
	fmt.Println(tree.N, signatures, entries, shown)
}
