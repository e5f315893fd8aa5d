//go:build installed

package main

// #cgo pkg-config: libpca
import "C"
