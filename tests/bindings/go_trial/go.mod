module pca.test/go_trial

go 1.19
