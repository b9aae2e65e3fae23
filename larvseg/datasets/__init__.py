"""From archives to training batches: fetching or drawing, manifests, joint transforms, the loader of joint training steps."""
