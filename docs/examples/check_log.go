// Check a published log of ecochain with the original of its formats, Go's checksum database:
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	GO111MODULE=off GOPATH=/usr/share/gocode go run check_log.go FOLDER KEY
//
// It verifies the signature of the checkpoint, and for each entry that it is in the tree, that the tree before it begins
// the whole, and that its block is there. check_log.py looks into the blocks.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Width is the number of hashes of a full tile.
const Width = 256

// Folder reads tiles from the files of a log; in Go's own names a tile's height stands before its level.
type Folder string

func (f Folder) Height() int                     { return 8 }
func (f Folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f Folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		found = append(found, f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}
	return found, nil
}

func (f Folder) read(name string) []byte {
	path := filepath.Join(string(f), name)
	info, err := os.Stat(path)
	must(err)
	if !info.Mode().IsRegular() {
		log.Fatalf("%s: expected a file, got something else", path)
	}
	content, err := os.ReadFile(path)
	must(err)
	return content
}

// entries returns the entries of a bundle.
func (f Folder) entries(bundle, size int64) [][]byte {
	tile := tlog.Tile{H: 8, L: 0, N: bundle, W: Width}
	if bundle == size/Width {
		tile.W = int(size % Width)
	}
	var found [][]byte
	for data := f.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)); len(data) > 0; {
		end := 2 + int(binary.BigEndian.Uint16(data))
		found, data = append(found, data[2:end]), data[end:]
	}
	if len(found) != tile.W {
		log.Fatalf("bundle %d has %d entries", bundle, len(found))
	}
	return found
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func checkpoint(signed []byte, key string) (tlog.Tree, string) {
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatal("the checkpoint is that of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, lines[0]
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: check_log.go FOLDER KEY")
	}
	folder := Folder(os.Args[1])
	tree, origin := checkpoint(folder.read("checkpoint"), os.Args[2])
	reader := tlog.TileHashReader(tree, folder)
	for bundle := int64(0); bundle*Width < tree.N; bundle++ {
		for at, entry := range folder.entries(bundle, tree.N) {
			place := bundle*Width + int64(at)
			path, err := tlog.ProveRecord(tree.N, place, reader)
			must(err)
			must(tlog.CheckRecord(path, tree.N, tree.Hash, place, tlog.RecordHash(entry)))
			older, err := tlog.TreeHash(place+1, reader)
			must(err)
			growth, err := tlog.ProveTree(tree.N, place+1, reader)
			must(err)
			must(tlog.CheckTree(growth, tree.N, tree.Hash, place+1, older))
			_, err = os.Stat(filepath.Join(os.Args[1], "block", fmt.Sprintf("%x/%x", entry[:1], entry)))
			must(err)
		}
	}
	fmt.Printf("%s: good: %d blocks of the log %s; head %d:%x\n", folder, tree.N, origin, tree.N, tree.Hash[:])
}
