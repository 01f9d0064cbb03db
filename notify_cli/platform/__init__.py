"""The platform: the views through which it is read, what init-db creates, and every look-up that is no rule."""
