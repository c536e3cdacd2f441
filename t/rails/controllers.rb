# One controller for each name in the stand-in's routes. None looks a token
# up: every request is read to its end.

module Procore
  module Api
    class Base < ActionController::Base
      # A wrapped "id" is that of the record, which the path has named.
      wrap_parameters format: [:json]
      skip_forgery_protection

      class << self
        attr_accessor :ledger
      end

      def report
        facts = Reporting::Reading.new(request, params.to_unsafe_h).to_h
        facts["routed"] = "#{request.request_method} #{controller_name}" \
                          "##{action_name}"
        Base.ledger.amend(request.env["standin.entry"], facts)
        render json: {}
      end

      %i[index show create update sync any].each do |action|
        alias_method action, :report
      end
    end

    class CompaniesController < Base; end
    class UsersController < Base; end
    class ProjectsController < Base; end
    class RfisController < Base; end
    class ResourcesController < Base; end
  end
end
