//go:build go1.23

package pca

import "iter"

// All is the rest of it, for range; the error comes last.
func (i *Iter[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i.Next() {
			if !yield(i.Value(), nil) {
				return
			}
		}
		if i.Err() != nil {
			var none T
			yield(none, i.Err())
		}
	}
}
